import type { GroupName, SigningKey } from '../crypto/provider.ts';
import { DtlsCertificateRejectedError, DtlsPeerError, DtlsRefusedError } from '../errors.ts';
import type { Identity } from '../identity.ts';
import { recordKeys13 } from '../record/record-keys-13.ts';
import { ALERT } from '../wire/alert.ts';
import { readCertificate13, writeCertificate13 } from '../wire/certificate-13.ts';
import { writeCertificateRequest13 } from '../wire/certificate-request-13.ts';
import { type CertificateVerify, readCertificateVerify } from '../wire/certificate-verify.ts';
import { readClientHello } from '../wire/client-hello.ts';
import { EXTENSION, writeExtensionBlock } from '../wire/extensions.ts';
import { HANDSHAKE_TYPE, type HandshakeFragment, type HandshakeMessage } from '../wire/handshake-message.ts';
import { writeNumbers } from '../wire/key-share.ts';
import { MAX_PLAINTEXT } from '../wire/record.ts';
import { writeCertificateType } from './certificate-types.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import { type ClientOffer13, readClientOffer13 } from './client-offer-13.ts';
import type { Handshake13, HandshakeHost13, MessageToSend } from './handshake-13.ts';
import { idAnswer } from './id-extensions.ts';
import {
  type HandshakeSecrets,
  handshakeSecrets,
  keyLogLines13,
  type TrafficSecrets,
  verifyData13,
} from './key-schedule-13.ts';
import { GROUP_NUMBERS } from './parameters.ts';
import { writeHelloRetryRequest, writeServerHello13 } from './server-hello-13.ts';
import { signedContent, signedVerify, signingSchemes13 } from './signature-13.ts';
import { SCHEME_NUMBERS, schemeNumbered } from './signature-schemes.ts';
import { messageHash, Transcript13 } from './transcript-13.ts';

/** What a server shows of itself and wants of clients. */
export interface ServerPolicy13 {
  readonly identity: Identity | undefined;
  readonly rawKey: SigningKey | undefined;
  /** Whether clients are asked for a certificate, and whether they may do without. */
  readonly clientCertificate: 'request' | 'require' | undefined;
}

/** What a cookie has kept of the HelloRetryRequest and the ClientHello before it. */
export interface Retry {
  readonly suite: CipherSuite13;
  readonly group: GroupName | undefined;
  readonly helloHash: Uint8Array;
  readonly cookie: Uint8Array;
}

/** What holds once our flight is out. */
interface Offered13 {
  readonly offer: ClientOffer13;
  readonly secrets: HandshakeSecrets;
  readonly application: TrafficSecrets;
  readonly transcript: Transcript13;
}

/** What the client may say next. */
type State = 'hello' | 'certificate' | 'verify' | 'finished' | 'question' | 'done';

/**
 * The server of DTLS 1.3 (RFC 9147 5, RFC 8446 2), from the ClientHello that it answers, which may be the second:
 *
 *     ClientHello                                    ->
 *                                                    <-  ServerHello, EncryptedExtensions, [CertificateRequest],
 *                                                        Certificate, CertificateVerify, Finished
 *     [Certificate, CertificateVerify], Finished     ->
 *     (the layer above accepts the client's certificate)
 *                                                    <-  ACK
 */
export class ServerHandshake13 implements Handshake13 {
  readonly #host: HandshakeHost13;
  readonly #policy: ServerPolicy13;
  readonly #retry: Retry | undefined;
  #state: State = 'hello';
  #helloSeq: number | undefined;
  #offered: Offered13 | undefined;
  #chain: readonly Uint8Array[] = [];
  #verify: CertificateVerify | undefined;
  /** The transcript's hash up to the client's Certificate, which its CertificateVerify signs. */
  #signedHash: Uint8Array = new Uint8Array(0);

  constructor(host: HandshakeHost13, policy: ServerPolicy13, retry: Retry | undefined) {
    this.#host = host;
    this.#policy = policy;
    this.#retry = retry;
  }

  /** What the client has shown of itself. */
  get client(): { readonly chain: readonly Uint8Array[]; readonly pskIdentity: undefined } {
    return { chain: this.#chain, pskIdentity: undefined };
  }

  get awaitsPlain(): boolean {
    return this.#state === 'hello';
  }

  onMessage(message: HandshakeMessage, now: number): void {
    const { type } = message;
    switch (this.#state) {
      case 'hello':
        expect(type, HANDSHAKE_TYPE.clientHello);
        this.#onClientHello(message, now);
        break;
      case 'certificate':
        expect(type, HANDSHAKE_TYPE.certificate);
        this.#onCertificate(message);
        break;
      case 'verify':
        // CVE-2022-29222: a certificate without this signature shows nothing.
        expect(type, HANDSHAKE_TYPE.certificateVerify);
        this.#onVerify(message);
        break;
      case 'finished':
        expect(type, HANDSHAKE_TYPE.finished);
        this.#onFinished(message, now);
        break;
      default:
        throw unexpected(type);
    }
  }

  onPlainRepeat({ messageSeq, offset }: HandshakeFragment, now: number): void {
    // RFC 9147 5.8.1: our flight was lost, if the client has none of it.
    if (messageSeq === this.#helloSeq && offset === 0 && this.#state !== 'done') this.#host.repeatFlight(now);
  }

  /** Sees that a question about a certificate waits for an answer. Throws `DtlsRefusedError` (`no-question`). */
  question(about: 'certificate' | 'psk'): void {
    if (this.#state === 'question' && about === 'certificate') return;
    throw new DtlsRefusedError('no-question', `no ${about} waits for an answer`);
  }

  /** The certificate is the right client's; `spki` is the public key in it. */
  acceptPeer(spki: Uint8Array, now: number): void {
    const { crypto } = this.#host;
    const { signatureScheme, signature } = this.#verify!;
    const scheme = schemeNumbered(signatureScheme, signingSchemes13(crypto.signatureSchemes));
    if (scheme === undefined) {
      throw new DtlsPeerError(
        'no-common-signature-scheme',
        ALERT.illegal_parameter,
        'the client signs as was not asked',
      );
    }
    if (!crypto.verify(scheme, spki, signedContent('client', this.#signedHash), signature)) {
      throw new DtlsPeerError('bad-signature', ALERT.decrypt_error, 'the certificate did not sign the handshake');
    }
    this.#establish(now);
  }

  /** The certificate is not accepted; `alert` tells the client why. */
  rejectPeer(alert: number): void {
    throw new DtlsCertificateRejectedError(alert);
  }

  #onClientHello(message: HandshakeMessage, now: number): void {
    const { crypto, groups, cipherSuites, randomBytes, keyLog } = this.#host;
    const { identity, rawKey, clientCertificate } = this.#policy;
    const retry = this.#retry;
    const offer = readClientOffer13(readClientHello(message.body), {
      ...{ identity, rawKey },
      groups: retry?.group === undefined ? groups : [retry.group],
      cipherSuites: retry === undefined ? cipherSuites : [retry.suite],
    });
    const { suite, group, publicKey } = offer;
    const agreement = crypto.generateKeyAgreement(group);
    const shared = publicKey && agreement.agree(publicKey);
    if (shared === undefined) {
      throw new DtlsPeerError('bad-key-share', ALERT.illegal_parameter, "the client's key share is missing or invalid");
    }
    const share = { group: GROUP_NUMBERS[group], publicKey: agreement.publicKey };
    const ids = idAnswer(this.#host.ids, offer.ids);
    const serverHello = {
      type: HANDSHAKE_TYPE.serverHello,
      body: writeServerHello13(randomBytes(32), suite, share, ids),
    };
    const transcript = startOf(crypto, suite, retry);
    transcript.add(message);
    transcript.add(serverHello);
    const secrets = handshakeSecrets(crypto, suite.hash, shared, transcript.hash());
    keyLog(keyLogLines13('HANDSHAKE_TRAFFIC_SECRET', offer.random, secrets.handshake));
    this.#host.protectHandshake({
      read: recordKeys13(crypto, suite, secrets.handshake.client),
      write: recordKeys13(crypto, suite, secrets.handshake.server),
    });
    const flight: MessageToSend[] = [{ epoch: 0, ...serverHello }];
    const add = (type: number, body: Uint8Array) => {
      flight.push({ epoch: 2, type, body });
      transcript.add({ type, body });
    };
    add(HANDSHAKE_TYPE.encryptedExtensions, this.#encryptedExtensions(offer));
    if (clientCertificate !== undefined) add(HANDSHAKE_TYPE.certificateRequest, certificateRequest(this.#host));
    const { certificates, key, scheme } = offer.proof;
    add(HANDSHAKE_TYPE.certificate, writeCertificate13(NOTHING, certificates));
    add(HANDSHAKE_TYPE.certificateVerify, signedVerify(key, scheme, 'server', transcript));
    add(HANDSHAKE_TYPE.finished, verifyData13(crypto, suite.hash, secrets.handshake.server, transcript.hash()));
    const application = secrets.application(transcript.hash());
    keyLog(keyLogLines13('TRAFFIC_SECRET_0', offer.random, application));
    const { recordSizeLimit } = offer;
    this.#host.limitRecords({
      send: recordSizeLimit,
      receive: recordSizeLimit === undefined ? undefined : this.#host.recordSizeLimit,
    });
    this.#helloSeq = message.messageSeq;
    this.#offered = { offer, secrets, application, transcript };
    this.#state = clientCertificate === undefined ? 'finished' : 'certificate';
    this.#host.sendFlight(flight, now);
  }

  #encryptedExtensions({ proof, saysCertificateType, recordSizeLimit }: ClientOffer13): Uint8Array {
    const extensions = new Map<number, Uint8Array>();
    // RFC 7250 4.2
    if (saysCertificateType) {
      extensions.set(EXTENSION.serverCertificateType, writeCertificateType(proof.certificateType));
    }
    if (recordSizeLimit !== undefined) {
      // RFC 8449 4: our answer tells the client that we keep to its limit; the type of the content counts.
      const limit = (this.#host.recordSizeLimit ?? MAX_PLAINTEXT) + 1;
      extensions.set(EXTENSION.recordSizeLimit, Uint8Array.of(limit >> 8, limit));
    }
    return writeExtensionBlock(extensions);
  }

  #onCertificate(message: HandshakeMessage): void {
    const { context, entries } = readCertificate13(message.body);
    if (context.length > 0) {
      throw new DtlsPeerError('bad-hello', ALERT.illegal_parameter, 'the client answers another request');
    }
    if (entries.length === 0 && this.#policy.clientCertificate === 'require') {
      // RFC 8446 4.4.2.4
      throw new DtlsPeerError(
        'no-certificate',
        ALERT.certificate_required,
        'the client has no certificate, but needs one',
      );
    }
    const { transcript } = this.#offered!;
    this.#chain = entries.map(({ data }) => data.slice());
    transcript.add(message);
    this.#signedHash = transcript.hash();
    this.#state = entries.length === 0 ? 'finished' : 'verify';
  }

  #onVerify(message: HandshakeMessage): void {
    this.#verify = readCertificateVerify(message.body);
    this.#offered!.transcript.add(message);
    this.#state = 'finished';
  }

  #onFinished(message: HandshakeMessage, now: number): void {
    const { crypto, askAboutCertificate } = this.#host;
    const { offer, secrets, transcript } = this.#offered!;
    const expected = verifyData13(crypto, offer.suite.hash, secrets.handshake.client, transcript.hash());
    if (!crypto.timingSafeEqual(message.body, expected)) {
      throw new DtlsPeerError(
        'bad-finished',
        ALERT.decrypt_error,
        "the client's Finished does not match the handshake",
      );
    }
    this.#state = 'question';
    if (this.#chain.length > 0) askAboutCertificate(this.#chain);
    else this.#establish(now);
  }

  #establish(now: number): void {
    const { offer, application } = this.#offered!;
    this.#state = 'done';
    this.#offered = undefined;
    this.#host.established(offer.suite, offer.group, application, now);
  }
}

const NOTHING = new Uint8Array(0);

function startOf(crypto: HandshakeHost13['crypto'], suite: CipherSuite13, retry: Retry | undefined): Transcript13 {
  const transcript = new Transcript13(crypto, suite.hash);
  if (retry === undefined) return transcript;
  transcript.add(messageHash(retry.helloHash));
  const body = writeHelloRetryRequest(suite, retry.group, retry.cookie);
  transcript.add({ type: HANDSHAKE_TYPE.serverHello, body });
  return transcript;
}

function certificateRequest({ crypto }: HandshakeHost13): Uint8Array {
  const schemes = writeNumbers(crypto.signatureSchemes.map((scheme) => SCHEME_NUMBERS[scheme]));
  return writeCertificateRequest13({
    context: NOTHING,
    extensions: new Map([[EXTENSION.signatureAlgorithms, schemes]]),
  });
}

function expect(type: number, expected: number): void {
  if (type !== expected) throw unexpected(type);
}

function unexpected(type: number): DtlsPeerError {
  return new DtlsPeerError('unexpected-message', ALERT.unexpected_message, `unexpected message of type ${type}`);
}
