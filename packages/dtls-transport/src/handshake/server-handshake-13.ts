import type { GroupName } from '../crypto/provider.ts';
import { DtlsCertificateRejectedError, DtlsPeerError, DtlsRefusedError } from '../errors.ts';
import { recordKeys13 } from '../record/record-keys-13.ts';
import { ALERT } from '../wire/alert.ts';
import { readClientHello } from '../wire/client-hello.ts';
import { HANDSHAKE_TYPE, type HandshakeFragment, type HandshakeMessage } from '../wire/handshake-message.ts';
import type { CertificatePacker } from './certificate-packer.ts';
import type { CertificateTypeName } from './certificate-types.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import { type ClientOffer13, readClientOffer13 } from './client-offer-13.ts';
import { checkFinished } from './finished-13.ts';
import { FlightWriter13 } from './flight-writer-13.ts';
import type { Handshake13, HandshakeHost13 } from './handshake-13.ts';
import { idAnswer } from './id-extensions.ts';
import {
  type HandshakeSecrets,
  handshakeSecrets,
  keyLogLines13,
  type TrafficSecrets,
  verifyData13,
} from './key-schedule-13.ts';
import { addProof, type OwnKeys } from './own-proof-13.ts';
import { GROUP_NUMBERS } from './parameters.ts';
import { PeerProof13 } from './peer-proof-13.ts';
import type { PskMode } from './psk-mode.ts';
import { type AcceptedPsk, PskSearch } from './psk-search.ts';
import { askedType, certificateRequest, encryptedExtensions } from './server-extensions-13.ts';
import { writeHelloRetryRequest, writeServerHello13 } from './server-hello-13.ts';
import { type RetriedHello, type Transcript13, transcriptBeforeHello } from './transcript-13.ts';
import { expectType, unexpectedMessage } from './unexpected-message.ts';

/** What a server shows of itself and wants of clients. */
export interface ServerPolicy13 extends OwnKeys {
  /** We share keys with clients. */
  readonly psk: boolean;
  /** How they may be used, the best first. */
  readonly pskModes: readonly PskMode[];
  /** Whether clients are asked for a certificate, and whether they may do without. */
  readonly clientCertificate: 'request' | 'require' | undefined;
  /** How they may show their key. */
  readonly clientCertificateTypes: readonly CertificateTypeName[];
  /** Packs and unpacks certificates, if they may be packed. */
  readonly packer: CertificatePacker | undefined;
}

/** What a client has shown of itself. */
export interface ShownByClient {
  /** Its certificates (DER), its own first. */
  readonly chain: readonly Uint8Array[];
  /** Its key (SubjectPublicKeyInfo, DER), when it has shown that alone. */
  readonly rawKey: Uint8Array | undefined;
  /** The name of the key that it shares with us. */
  readonly pskIdentity: Uint8Array | undefined;
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
  readonly suite: CipherSuite13;
  readonly group: GroupName | undefined;
  readonly secrets: HandshakeSecrets;
  readonly application: TrafficSecrets;
  readonly transcript: Transcript13;
}

/** What the client may say next, or what is asked above. */
type State = 'hello' | 'psk' | 'certificate' | 'verify' | 'finished' | 'question' | 'done';

/**
 * The server of DTLS 1.3 (RFC 9147 5, RFC 8446 2), from the ClientHello that it answers, which may be the second:
 *
 *     ClientHello                                    ->
 *     (the layer above knows the key that the client names)
 *                                                    <-  ServerHello, EncryptedExtensions, [CertificateRequest],
 *                                                        [Certificate, CertificateVerify], Finished
 *     [Certificate, CertificateVerify], Finished     ->
 *     (the layer above accepts the client's certificate)
 *                                                    <-  ACK
 */
export class ServerHandshake13 implements Handshake13 {
  readonly #host: HandshakeHost13;
  readonly #policy: ServerPolicy13;
  readonly #retry: Retry | undefined;
  readonly #retried: RetriedHello | undefined;
  #state: State = 'hello';
  #hello: HandshakeMessage | undefined;
  #offer: ClientOffer13 | undefined;
  #search: PskSearch | undefined;
  #pskIdentity: Uint8Array | undefined;
  #offered: Offered13 | undefined;
  #proof: PeerProof13 | undefined;

  constructor(host: HandshakeHost13, policy: ServerPolicy13, retry: Retry | undefined) {
    this.#host = host;
    this.#policy = policy;
    this.#retry = retry;
    this.#retried = retry && {
      helloHash: retry.helloHash,
      retryRequest: writeHelloRetryRequest(retry.suite, retry.group, retry.cookie),
    };
  }

  /** What the client has shown of itself. */
  get client(): ShownByClient {
    return { chain: this.#proof?.chain ?? [], rawKey: this.#proof?.rawKey, pskIdentity: this.#pskIdentity };
  }

  get awaitsPlain(): boolean {
    return this.#state === 'hello';
  }

  onMessage(message: HandshakeMessage, now: number): void {
    const { type } = message;
    switch (this.#state) {
      case 'hello':
        expectType(type, HANDSHAKE_TYPE.clientHello);
        this.#onClientHello(message, now);
        break;
      case 'certificate':
        this.#onCertificate(this.#proof!, message);
        break;
      case 'verify':
        // CVE-2022-29222: a certificate without this signature shows nothing.
        expectType(type, HANDSHAKE_TYPE.certificateVerify);
        this.#proof!.onVerify(message);
        this.#state = 'finished';
        break;
      case 'finished':
        expectType(type, HANDSHAKE_TYPE.finished);
        this.#onFinished(message, now);
        break;
      default:
        throw unexpectedMessage(type);
    }
  }

  onPlainRepeat({ messageSeq, offset }: HandshakeFragment, now: number): void {
    // RFC 9147 5.8.1: our flight was lost, if the client has none of it.
    if (messageSeq === this.#hello?.messageSeq && offset === 0 && this.#state !== 'done') this.#host.repeatFlight(now);
  }

  /** Sees that a question about a certificate or a key waits for an answer. Throws `DtlsRefusedError` (`no-question`). */
  question(about: 'certificate' | 'psk'): void {
    if (this.#state === (about === 'psk' ? 'psk' : 'question')) return;
    throw new DtlsRefusedError('no-question', `no ${about} waits for an answer`);
  }

  /** The certificate is the right client's, or the key is; `spki` is the public key. */
  acceptPeer(spki: Uint8Array, now: number): void {
    this.#proof!.check(spki);
    this.#establish(now);
  }

  /** The certificate is not accepted; `alert` tells the client why. */
  rejectPeer(alert: number): void {
    throw new DtlsCertificateRejectedError(alert);
  }

  /** The key that goes with the identity. */
  acceptPsk(key: Uint8Array, now: number): void {
    const psk = this.#search!.accept(key);
    this.#pskIdentity = psk.identity;
    this.#answer(this.#offer!, psk, now);
  }

  /** No key goes with the identity: another one may, or we show ourselves in another way. */
  rejectPsk(now: number): void {
    const offer = this.#offer!;
    const mayDoWithout = offer.proof !== undefined && offer.exchange?.publicKey !== undefined;
    const next = this.#search!.reject(mayDoWithout);
    if (next === undefined) this.#answer(offer, undefined, now);
    else this.#host.askForPsk(next);
  }

  #onClientHello(message: HandshakeMessage, now: number): void {
    const { crypto, groups, cipherSuites } = this.#host;
    const { identity, rawKey, psk, pskModes, packer } = this.#policy;
    const retry = this.#retry;
    const offer = readClientOffer13(readClientHello(message.body), {
      ...{ identity, rawKey, pskModes: psk ? pskModes : [], packer },
      groups: retry?.group === undefined ? groups : [retry.group],
      cipherSuites: retry === undefined ? cipherSuites : [retry.suite],
    });
    this.#hello = message;
    this.#offer = offer;
    if (offer.psk === undefined) {
      this.#answer(offer, undefined, now);
      return;
    }
    this.#search = new PskSearch(crypto, offer.psk, message.body, this.#retried);
    this.#state = 'psk';
    this.#host.askForPsk(this.#search.identity);
  }

  #answer(offer: ClientOffer13, psk: AcceptedPsk | undefined, now: number): void {
    const { crypto, randomBytes, keyLog, recordSizeLimit: ours } = this.#host;
    const { suite, random, recordSizeLimit } = offer;
    const proof = psk === undefined ? offer.proof : undefined;
    // RFC 8446 4.3.2: who shows itself by a shared key asks for nothing else.
    const asked = proof && askedType(offer, this.#policy);
    const exchange = psk !== undefined && offer.psk?.mode === 'psk_ke' ? undefined : this.#exchange(offer);
    const ids = idAnswer(this.#host.ids, offer.ids);
    const transcript = transcriptBeforeHello(crypto, suite.hash, this.#retried);
    transcript.add(this.#hello!);
    const flight = new FlightWriter13(transcript);
    const hello = { share: exchange?.share, selectedPsk: psk?.index, ids };
    flight.add(HANDSHAKE_TYPE.serverHello, writeServerHello13(randomBytes(32), suite, hello), 0);
    const secrets = handshakeSecrets(
      crypto,
      suite.hash,
      { psk: psk?.key, shared: exchange?.shared },
      transcript.hash(),
    );
    keyLog?.(keyLogLines13('HANDSHAKE_TRAFFIC_SECRET', random, secrets.handshake));
    this.#host.protectHandshake({
      read: recordKeys13(crypto, suite, secrets.handshake.client),
      write: recordKeys13(crypto, suite, secrets.handshake.server),
    });
    flight.add(HANDSHAKE_TYPE.encryptedExtensions, encryptedExtensions(offer, proof?.certificateType, asked, ours));
    if (asked !== undefined) this.#ask(flight, asked);
    if (proof !== undefined) addProof(flight, proof, 'server');
    const finished = verifyData13(crypto, suite.hash, secrets.handshake.server, transcript.hash());
    flight.add(HANDSHAKE_TYPE.finished, finished);
    const application = secrets.application(transcript.hash());
    keyLog?.(keyLogLines13('TRAFFIC_SECRET_0', random, application));
    this.#host.limitRecords({ send: recordSizeLimit, receive: recordSizeLimit === undefined ? undefined : ours });
    this.#offered = { suite, group: exchange?.group, secrets, application, transcript };
    this.#search = undefined;
    this.#state = this.#proof === undefined ? 'finished' : 'certificate';
    this.#host.sendFlight(flight.messages, now);
  }

  #ask(flight: FlightWriter13, type: CertificateTypeName): void {
    const { crypto } = this.#host;
    const { packer } = this.#policy;
    const offered = type === 'x509' ? packer : undefined;
    flight.add(HANDSHAKE_TYPE.certificateRequest, certificateRequest(crypto, offered !== undefined));
    this.#proof = new PeerProof13(crypto, 'client', flight.transcript, type, offered);
  }

  /** ECDHE with the client's key. */
  #exchange({ exchange }: ClientOffer13) {
    const agreement = exchange && this.#host.crypto.generateKeyAgreement(exchange.group);
    const shared = exchange?.publicKey && agreement?.agree(exchange.publicKey);
    if (agreement === undefined || shared === undefined) {
      throw new DtlsPeerError('bad-key-share', ALERT.illegal_parameter, "the client's key share is missing or invalid");
    }
    const { group, publicKey } = agreement;
    return { group, shared, share: { group: GROUP_NUMBERS[group], publicKey } };
  }

  #onCertificate(proof: PeerProof13, message: HandshakeMessage): void {
    proof.onCertificate(message);
    if (proof.isEmpty && this.#policy.clientCertificate === 'require') {
      // RFC 8446 4.4.2.4
      throw new DtlsPeerError(
        'no-certificate',
        ALERT.certificate_required,
        'the client has no certificate, but needs one',
      );
    }
    this.#state = proof.isEmpty ? 'finished' : 'verify';
  }

  #onFinished(message: HandshakeMessage, now: number): void {
    const { suite, secrets, transcript } = this.#offered!;
    checkFinished(this.#host.crypto, suite.hash, secrets.handshake.client, transcript, message);
    if (this.#proof === undefined || this.#proof.isEmpty) {
      this.#establish(now);
      return;
    }
    this.#state = 'question';
    if (this.#proof.rawKey === undefined) this.#host.askAboutCertificate(this.#proof.chain);
    else this.#host.askAboutRawKey(this.#proof.rawKey);
  }

  #establish(now: number): void {
    const { suite, group, application } = this.#offered!;
    this.#state = 'done';
    this.#offered = undefined;
    this.#host.established(suite, group, application, now);
  }
}
