import type { KeyAgreement } from '../crypto/provider.ts';
import { DtlsCertificateRejectedError, DtlsPeerError, DtlsRefusedError } from '../errors.ts';
import type { Identity } from '../identity.ts';
import { recordKeys13 } from '../record/record-keys-13.ts';
import { ALERT } from '../wire/alert.ts';
import { readCertificate13, readEncryptedExtensions, writeCertificate13 } from '../wire/certificate-13.ts';
import { readCertificateRequest13 } from '../wire/certificate-request-13.ts';
import { type CertificateVerify, readCertificateVerify } from '../wire/certificate-verify.ts';
import { EXTENSION } from '../wire/extensions.ts';
import { HANDSHAKE_TYPE, type HandshakeFragment, type HandshakeMessage } from '../wire/handshake-message.ts';
import { readNumbers } from '../wire/key-share.ts';
import { readServerHello } from '../wire/server-hello.ts';
import { type CertificateTypeName, chosenCertificateType } from './certificate-types.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import {
  expectsCertificate,
  type HelloExtras,
  type HelloParts,
  type HelloSettings,
  helloDatagram,
  helloParts,
  writeClientHello13,
} from './client-hello-13.ts';
import { recordSizeLimit13 } from './client-offer-13.ts';
import { contradicts } from './contradicts.ts';
import { Doubts } from './doubts.ts';
import type { Handshake13, HandshakeHost13, MessageToSend } from './handshake-13.ts';
import { type HandshakeSecrets, handshakeSecrets, keyLogLines13, verifyData13 } from './key-schedule-13.ts';
import { GROUP_NUMBERS } from './parameters.ts';
import { isServerHello13, readServerAnswer13, type ServerAnswer13 } from './server-hello-13.ts';
import { commonScheme13, signedContent, signedVerify, signingSchemes13 } from './signature-13.ts';
import { schemeNumbered } from './signature-schemes.ts';
import { messageHash, Transcript13, tlsMessage } from './transcript-13.ts';

/** Whom a client asks for, and what it shows of itself. */
export interface ClientPolicy13 {
  /** The host name to ask for. */
  readonly serverName: string | undefined;
  /** What a server that asks for a certificate gets. */
  readonly identity: Identity | undefined;
  /** How the server may show its key, the best first. */
  readonly certificateTypes: readonly CertificateTypeName[];
  /** Suites of DTLS 1.2 to offer beside; none when 1.2 is not wanted. */
  readonly olderSuites: readonly CipherSuite[];
}

/** What our ClientHello has offered to a server of DTLS 1.2. */
export interface OlderOffer extends HelloParts {
  readonly random: Uint8Array;
}

/** What the server's flight says, as far as it has come. */
interface ServerFlight13 {
  readonly suite: CipherSuite13;
  readonly secrets: HandshakeSecrets;
  readonly transcript: Transcript13;
  certificateType: CertificateTypeName;
  recordSizeLimit: number | undefined;
  /** The schemes that our certificate may sign with, when the server asks for one. */
  requested: readonly number[] | undefined;
  certificates: readonly Uint8Array[];
  verify: CertificateVerify | undefined;
  /** The transcript's hash up to Certificate, which is signed, and up to CertificateVerify. */
  signedHash: Uint8Array;
}

/** What the server may say next. */
type State =
  | 'hello'
  | 'extensions'
  | 'request-or-certificate'
  | 'certificate'
  | 'verify'
  | 'finished'
  | 'question'
  | 'done';

/**
 * The client of DTLS 1.3 (RFC 9147 5, RFC 8446 2):
 *
 *     ClientHello                                    ->
 *                                                    <-  [HelloRetryRequest]
 *     [ClientHello with cookie or another key]       ->
 *                                                    <-  ServerHello, EncryptedExtensions, [CertificateRequest],
 *                                                        Certificate, CertificateVerify, Finished
 *     (the layer above accepts the certificate or the key)
 *     [Certificate, CertificateVerify], Finished     ->
 *                                                    <-  ACK
 *
 * A ServerHello that leads to keys with which nothing can be read was damaged or forged: another one takes its place.
 */
export class ClientHandshake13 implements Handshake13 {
  readonly #host: HandshakeHost13;
  readonly #policy: ClientPolicy13;
  readonly #settings: HelloSettings;
  readonly #doubts = new Doubts();
  #agreement: KeyAgreement;
  #parts!: HelloParts;
  #hello!: HandshakeMessage;
  /** The HelloRetryRequest, and the hash of the ClientHello before it. */
  #retry:
    | { readonly message: HandshakeMessage; readonly answer: ServerAnswer13; readonly firstHello: Uint8Array }
    | undefined;
  #serverHello: HandshakeMessage | undefined;
  #flight: ServerFlight13 | undefined;
  #state: State = 'hello';
  /** The server has chosen DTLS 1.2: what it was offered. */
  #older: OlderOffer | undefined;

  constructor(host: HandshakeHost13, policy: ClientPolicy13, now: number) {
    this.#host = host;
    this.#policy = policy;
    const { crypto, groups, cipherSuites, recordSizeLimit } = host;
    const { serverName, certificateTypes, olderSuites } = policy;
    this.#settings = {
      ...{ crypto, groups, cipherSuites, recordSizeLimit, serverName, certificateTypes, olderSuites },
      random: host.randomBytes(32),
      ids: host.ids.offer,
    };
    this.#agreement = crypto.generateKeyAgreement(groups[0]!);
    this.#sendHello(undefined, now);
  }

  /** All of our ClientHello is in one datagram. */
  get helloFits(): boolean {
    return helloDatagram(this.#settings, this.#parts) <= this.#host.maxDatagram;
  }

  /** The server, or somebody in its place, has answered, but nothing has come under common keys. */
  get isBlind(): boolean {
    return this.#state === 'extensions' || (this.#state === 'hello' && this.#retry !== undefined);
  }

  get awaitsPlain(): boolean {
    return this.#state === 'hello' && this.#older === undefined;
  }

  /** The server speaks DTLS 1.2 and was offered this. */
  get older(): OlderOffer | undefined {
    return this.#older;
  }

  onMessage(message: HandshakeMessage, now: number): void {
    const { type } = message;
    switch (this.#state) {
      case 'hello':
        this.#onPlainMessage(message, now);
        break;
      case 'extensions':
        expect(type, HANDSHAKE_TYPE.encryptedExtensions);
        this.#onExtensions(message);
        break;
      case 'request-or-certificate':
        if (type !== HANDSHAKE_TYPE.certificateRequest) expect(type, HANDSHAKE_TYPE.certificate);
        if (type === HANDSHAKE_TYPE.certificateRequest) this.#onRequest(message);
        else this.#onCertificate(message);
        break;
      case 'certificate':
        expect(type, HANDSHAKE_TYPE.certificate);
        this.#onCertificate(message);
        break;
      case 'verify':
        // CVE-2022-29222, CVE-2021-34433: nothing goes on without this signature.
        expect(type, HANDSHAKE_TYPE.certificateVerify);
        this.#onVerify(message);
        break;
      case 'finished':
        expect(type, HANDSHAKE_TYPE.finished);
        this.#onFinished(message);
        break;
      default:
        throw unexpected(type);
    }
  }

  onPlainRepeat(fragment: HandshakeFragment): void {
    const taken = this.#serverHello;
    // Nothing has come under the keys of the ServerHello that we took, and here is another.
    if (this.#state !== 'extensions' || taken === undefined || !contradicts([taken], fragment)) return;
    this.#host.expectAgain(taken.messageSeq);
    this.#state = 'hello';
  }

  /** What waits for an answer about its certificate or key. Throws `DtlsRefusedError` (`no-question`). */
  question(): void {
    if (this.#state !== 'question') throw new DtlsRefusedError('no-question', 'no certificate waits for an answer');
  }

  /** The certificate is the right server's, or the key is; `spki` is the public key. */
  acceptPeer(spki: Uint8Array, now: number): void {
    const { verify, signedHash } = this.#flight!;
    const { crypto } = this.#host;
    const scheme = schemeNumbered(verify!.signatureScheme, signingSchemes13(crypto.signatureSchemes));
    if (scheme === undefined) {
      throw new DtlsPeerError(
        'no-common-signature-scheme',
        ALERT.illegal_parameter,
        'the server signs as was not asked',
      );
    }
    if (!crypto.verify(scheme, spki, signedContent('server', signedHash), verify!.signature)) {
      throw new DtlsPeerError('bad-signature', ALERT.decrypt_error, 'the key did not sign the handshake');
    }
    this.#sendFinished(this.#flight!, now);
  }

  /** The certificate or the key is not accepted; `alert` tells the server why. */
  rejectPeer(alert: number): void {
    throw new DtlsCertificateRejectedError(alert);
  }

  #sendHello(cookie: Uint8Array | undefined, now: number): void {
    const { group, publicKey } = this.#agreement;
    const share = { group: GROUP_NUMBERS[group], publicKey };
    // RFC 9147 5.1: a server sends at most three times what it got, so a flight of one datagram wants a third of that.
    // With a cookie the server is free to send what it likes.
    const pads = cookie === undefined && expectsCertificate(this.#settings);
    const extras: HelloExtras = { share, cookie, minDatagram: pads ? Math.ceil(this.#host.maxDatagram / 3) : 0 };
    this.#parts = helloParts(this.#settings, extras);
    const body = writeClientHello13(this.#settings, this.#parts);
    const [hello] = this.#host.sendFlight([{ epoch: 0, type: HANDSHAKE_TYPE.clientHello, body }], now);
    this.#hello = hello!;
  }

  /** Before the keys are there anything may be damaged or forged: what fails is asked for again, once. */
  #onPlainMessage(message: HandshakeMessage, now: number): void {
    try {
      this.#onServerHello(message, now);
    } catch (error) {
      this.#doubts.note(this.#host.crypto.hash('sha256', message.raw), error);
      this.#host.expectAgain(message.messageSeq);
      this.#host.repeatFlight(now);
    }
  }

  #onServerHello(message: HandshakeMessage, now: number): void {
    const { type, body } = message;
    const mayBeOlder = this.#policy.olderSuites.length > 0 && this.#retry === undefined;
    if (type === HANDSHAKE_TYPE.helloVerifyRequest && mayBeOlder) {
      this.#older = { random: this.#settings.random, ...this.#parts };
      return;
    }
    expect(type, HANDSHAKE_TYPE.serverHello);
    const hello = readServerHello(body);
    if (!isServerHello13(hello)) {
      if (!mayBeOlder) {
        throw new DtlsPeerError('unsupported-version', ALERT.protocol_version, 'the server speaks only DTLS 1.2');
      }
      this.#older = { random: this.#settings.random, ...this.#parts };
      return;
    }
    const answer = readServerAnswer13(hello, this.#settings);
    if (answer.type === 'retry') this.#onRetry(message, answer, now);
    else this.#agree(message, answer);
  }

  #onRetry(message: HandshakeMessage, answer: Extract<ServerAnswer13, { type: 'retry' }>, now: number): void {
    // RFC 8446 4.1.4: one is enough, and it asks for a group only that we have sent no key of.
    if (this.#retry !== undefined) throw unexpected(message.type);
    if (answer.group === this.#agreement.group) {
      throw new DtlsPeerError('bad-key-share', ALERT.illegal_parameter, 'the server asks for a key that it has');
    }
    const { crypto } = this.#host;
    const firstHello = crypto.hash(answer.suite.hash, tlsMessage(this.#hello));
    this.#retry = { message, answer, firstHello };
    if (answer.group !== undefined) this.#agreement = crypto.generateKeyAgreement(answer.group);
    this.#sendHello(answer.cookie, now);
  }

  #agree(message: HandshakeMessage, answer: Extract<ServerAnswer13, { type: 'hello' }>): void {
    const { crypto, keyLog } = this.#host;
    const { suite, share } = answer;
    const shared =
      share.group === GROUP_NUMBERS[this.#agreement.group] ? this.#agreement.agree(share.publicKey) : undefined;
    if (shared === undefined) {
      throw new DtlsPeerError('bad-key-share', ALERT.illegal_parameter, "the server's key share is invalid");
    }
    const retry = this.#retry;
    if (retry !== undefined && retry.answer.suite !== suite) {
      // RFC 8446 4.1.4
      throw new DtlsPeerError('no-common-cipher-suite', ALERT.illegal_parameter, 'the server has changed its suite');
    }
    this.#host.ids.agree(answer.ids);
    const transcript = new Transcript13(crypto, suite.hash);
    if (retry !== undefined) {
      transcript.add(messageHash(retry.firstHello));
      transcript.add(retry.message);
    }
    transcript.add(this.#hello);
    transcript.add(message);
    const secrets = handshakeSecrets(crypto, suite.hash, shared, transcript.hash());
    keyLog(keyLogLines13('HANDSHAKE_TRAFFIC_SECRET', this.#settings.random, secrets.handshake));
    this.#host.protectHandshake({
      read: recordKeys13(crypto, suite, secrets.handshake.server),
      write: recordKeys13(crypto, suite, secrets.handshake.client),
    });
    this.#serverHello = message;
    this.#flight = {
      ...{ suite, secrets, transcript, certificateType: 'x509', recordSizeLimit: undefined, requested: undefined },
      ...{ certificates: [], verify: undefined, signedHash: new Uint8Array(0) },
    };
    this.#state = 'extensions';
  }

  #onExtensions(message: HandshakeMessage): void {
    const flight = this.#flight!;
    const extensions = readEncryptedExtensions(message.body);
    for (const type of extensions.keys()) {
      // RFC 8446 4.2: only what the client offered may be answered, and where it belongs.
      if (this.#parts.extensions.has(type) && IN_ENCRYPTED_EXTENSIONS.includes(type)) continue;
      throw new DtlsPeerError('unoffered-extension', ALERT.unsupported_extension, `extension ${type} was not offered`);
    }
    flight.certificateType = chosenCertificateType(extensions, this.#policy.certificateTypes);
    flight.recordSizeLimit = recordSizeLimit13(extensions.get(EXTENSION.recordSizeLimit));
    flight.transcript.add(message);
    this.#state = 'request-or-certificate';
  }

  #onRequest(message: HandshakeMessage): void {
    const { context, extensions } = readCertificateRequest13(message.body);
    const schemes = extensions.get(EXTENSION.signatureAlgorithms);
    // RFC 8446 4.3.2
    if (context.length > 0 || schemes === undefined) {
      throw new DtlsPeerError(
        'bad-extension',
        ALERT.missing_extension,
        'the CertificateRequest is not one of a handshake',
      );
    }
    this.#flight!.requested = readNumbers(schemes, 'signature_algorithms');
    this.#flight!.transcript.add(message);
    this.#state = 'certificate';
  }

  #onCertificate(message: HandshakeMessage): void {
    const flight = this.#flight!;
    const { context, entries } = readCertificate13(message.body);
    // RFC 8446 4.4.2.4: a server must have one; RFC 7250 3: a raw key stands alone.
    if (
      context.length > 0 ||
      entries.length === 0 ||
      (flight.certificateType === 'raw-public-key' && entries.length > 1)
    ) {
      throw new DtlsPeerError('no-certificate', ALERT.decode_error, 'the server shows no certificate or key');
    }
    flight.certificates = entries.map(({ data }) => data.slice());
    flight.transcript.add(message);
    flight.signedHash = flight.transcript.hash();
    this.#state = 'verify';
  }

  #onVerify(message: HandshakeMessage): void {
    const flight = this.#flight!;
    flight.verify = readCertificateVerify(message.body);
    flight.transcript.add(message);
    this.#state = 'finished';
  }

  #onFinished(message: HandshakeMessage): void {
    const { crypto, askAboutCertificate, askAboutRawKey } = this.#host;
    const { suite, secrets, transcript, certificateType, certificates } = this.#flight!;
    const expected = verifyData13(crypto, suite.hash, secrets.handshake.server, transcript.hash());
    if (!crypto.timingSafeEqual(message.body, expected)) {
      throw new DtlsPeerError(
        'bad-finished',
        ALERT.decrypt_error,
        "the server's Finished does not match the handshake",
      );
    }
    transcript.add(message);
    this.#state = 'question';
    if (certificateType === 'x509') askAboutCertificate(certificates);
    else askAboutRawKey(certificates[0]!);
  }

  #sendFinished({ suite, secrets, transcript, requested, recordSizeLimit }: ServerFlight13, now: number): void {
    const { crypto, keyLog, recordSizeLimit: ours } = this.#host;
    const application = secrets.application(transcript.hash());
    keyLog(keyLogLines13('TRAFFIC_SECRET_0', this.#settings.random, application));
    const messages: MessageToSend[] = [];
    const add = (type: number, body: Uint8Array) => {
      messages.push({ epoch: 2, type, body });
      transcript.add({ type, body });
    };
    if (requested !== undefined) this.#show(requested, transcript, add);
    add(HANDSHAKE_TYPE.finished, verifyData13(crypto, suite.hash, secrets.handshake.client, transcript.hash()));
    this.#host.limitRecords({ send: recordSizeLimit, receive: recordSizeLimit === undefined ? undefined : ours });
    this.#state = 'done';
    this.#flight = undefined;
    this.#host.sendFlight(messages, now);
    this.#host.established(suite, this.#agreement.group, application, now);
  }

  /** RFC 8446 4.4.2: asked for a certificate and having none that does, we send an empty list. */
  #show(requested: readonly number[], transcript: Transcript13, add: (type: number, body: Uint8Array) => void): void {
    const { identity } = this.#policy;
    const scheme = identity && commonScheme13(identity.key.schemes, requested);
    const chain = scheme === undefined ? [] : identity!.chain;
    add(HANDSHAKE_TYPE.certificate, writeCertificate13(new Uint8Array(0), chain));
    if (scheme !== undefined)
      add(HANDSHAKE_TYPE.certificateVerify, signedVerify(identity!.key, scheme, 'client', transcript));
  }
}

/** RFC 8446 4.2: of what we may offer, what is answered there. */
const IN_ENCRYPTED_EXTENSIONS: readonly number[] = [
  EXTENSION.serverName,
  EXTENSION.supportedGroups,
  EXTENSION.serverCertificateType,
  EXTENSION.recordSizeLimit,
];

function expect(type: number, expected: number): void {
  if (type !== expected) throw unexpected(type);
}

function unexpected(type: number): DtlsPeerError {
  return new DtlsPeerError('unexpected-message', ALERT.unexpected_message, `unexpected message of type ${type}`);
}
