import type { KeyAgreement } from '../crypto/provider.ts';
import { DtlsCertificateRejectedError, DtlsPeerError, DtlsRefusedError } from '../errors.ts';
import type { PreSharedKey } from '../identity.ts';
import { recordKeys13 } from '../record/record-keys-13.ts';
import { ALERT } from '../wire/alert.ts';
import { HANDSHAKE_TYPE, type HandshakeFragment, type HandshakeMessage } from '../wire/handshake-message.ts';
import { readServerHello } from '../wire/server-hello.ts';
import type { CertificatePacker } from './certificate-packer.ts';
import type { CertificateTypeName } from './certificate-types.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import {
  expectsCertificate,
  type HelloParts,
  type HelloSettings,
  helloDatagram,
  helloParts,
  writeClientHello13,
} from './client-hello-13.ts';
import { contradicts } from './contradicts.ts';
import { Doubts } from './doubts.ts';
import { FlightWriter13 } from './flight-writer-13.ts';
import type { Handshake13, HandshakeHost13 } from './handshake-13.ts';
import { handshakeSecrets, keyLogLines13, verifyData13 } from './key-schedule-13.ts';
import { addProof, chooseProof, type OwnKeys } from './own-proof-13.ts';
import { GROUP_NUMBERS } from './parameters.ts';
import type { PskMode } from './psk-mode.ts';
import { ServerFlight13 } from './server-flight-13.ts';
import { isServerHello13, readServerAnswer13, type ServerAnswer13 } from './server-hello-13.ts';
import { type RetriedHello, tlsMessage, transcriptBeforeHello } from './transcript-13.ts';
import { expectType, unexpectedMessage } from './unexpected-message.ts';

/** Whom a client asks for, and what it shows of itself. */
export interface ClientPolicy13 extends OwnKeys {
  /** The host name to ask for. */
  readonly serverName: string | undefined;
  /** How the server may show its key, the best first. */
  readonly certificateTypes: readonly CertificateTypeName[];
  /** Packs and unpacks certificates, if they may be packed. */
  readonly packer: CertificatePacker | undefined;
  /** The key that we share with the server, in place of certificates; the suites that are offered have its hash. */
  readonly psk: PreSharedKey | undefined;
  /** How it may be used, the best first. */
  readonly pskModes: readonly PskMode[];
  /** Suites of DTLS 1.2 to offer beside; none when 1.2 is not wanted. */
  readonly olderSuites: readonly CipherSuite[];
}

/** What our ClientHello has offered to a server of DTLS 1.2. */
export interface OlderOffer extends HelloParts {
  readonly random: Uint8Array;
}

/**
 * The client of DTLS 1.3 (RFC 9147 5, RFC 8446 2):
 *
 *     ClientHello                                    ->
 *                                                    <-  [HelloRetryRequest]
 *     [ClientHello with cookie or another key]       ->
 *                                                    <-  ServerHello, EncryptedExtensions, [CertificateRequest],
 *                                                        [Certificate, CertificateVerify], Finished
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
  /** How we can show ourselves, the best first. */
  readonly #ownTypes: readonly CertificateTypeName[];
  readonly #doubts = new Doubts();
  /** Our half of ECDHE; `undefined` where the shared key is to do without. */
  #agreement: KeyAgreement | undefined;
  #parts!: HelloParts;
  #hello!: HandshakeMessage;
  /** The HelloRetryRequest and the ClientHello before it, and the suite of both. */
  #retried: (RetriedHello & { readonly suite: CipherSuite13 }) | undefined;
  #serverHello: HandshakeMessage | undefined;
  #flight: ServerFlight13 | undefined;
  #state: 'hello' | 'flight' | 'question' | 'done' = 'hello';
  /** The server has chosen DTLS 1.2: what it was offered. */
  #older: OlderOffer | undefined;

  constructor(host: HandshakeHost13, policy: ClientPolicy13, now: number) {
    this.#host = host;
    this.#policy = policy;
    const { crypto, groups, cipherSuites, recordSizeLimit } = host;
    const { serverName, identity, rawKey, certificateTypes, packer, psk, pskModes, olderSuites } = policy;
    this.#ownTypes = [...(rawKey ? (['raw-public-key'] as const) : []), ...(identity ? (['x509'] as const) : [])];
    this.#settings = {
      ...{ crypto, groups, cipherSuites, recordSizeLimit, serverName, psk, pskModes, olderSuites },
      ...{ certificateTypes, ownTypes: this.#ownTypes, packer },
      random: host.randomBytes(32),
      ids: host.ids.offer,
    };
    const usesEcdhe = psk === undefined || pskModes.includes('psk_dhe_ke');
    this.#agreement = usesEcdhe ? crypto.generateKeyAgreement(groups[0]!) : undefined;
    this.#sendHello(undefined, now);
  }

  /** All of our ClientHello is in one datagram. */
  get helloFits(): boolean {
    return helloDatagram(this.#settings, this.#parts) <= this.#host.maxDatagram;
  }

  /** The server, or somebody in its place, has answered, but nothing has come under common keys. */
  get isBlind(): boolean {
    if (this.#state === 'flight') return this.#flight?.hasBegun === false;
    return this.#state === 'hello' && this.#retried !== undefined;
  }

  get awaitsPlain(): boolean {
    return this.#state === 'hello' && this.#older === undefined;
  }

  /** The server speaks DTLS 1.2 and was offered this. */
  get older(): OlderOffer | undefined {
    return this.#older;
  }

  onMessage(message: HandshakeMessage, now: number): void {
    if (this.#state === 'hello') this.#onPlainMessage(message, now);
    else if (this.#state === 'flight') this.#onFlight(this.#flight!, message, now);
    else throw unexpectedMessage(message.type);
  }

  onPlainRepeat(fragment: HandshakeFragment): void {
    const taken = this.#serverHello;
    // Nothing has come under the keys of the ServerHello that we took, and here is another.
    const isOpen = this.#state === 'flight' && this.#flight?.hasBegun === false;
    if (!isOpen || taken === undefined || !contradicts([taken], fragment)) return;
    this.#host.expectAgain(taken.messageSeq);
    this.#state = 'hello';
  }

  /** What waits for an answer about its certificate or key. Throws `DtlsRefusedError` (`no-question`). */
  question(): void {
    if (this.#state !== 'question') throw new DtlsRefusedError('no-question', 'no certificate waits for an answer');
  }

  /** The certificate is the right server's, or the key is; `spki` is the public key. */
  acceptPeer(spki: Uint8Array, now: number): void {
    const flight = this.#flight!;
    flight.proof!.check(spki);
    this.#sendFinished(flight, now);
  }

  /** The certificate or the key is not accepted; `alert` tells the server why. */
  rejectPeer(alert: number): void {
    throw new DtlsCertificateRejectedError(alert);
  }

  #sendHello(cookie: Uint8Array | undefined, now: number): void {
    const agreement = this.#agreement;
    // RFC 9147 5.1: a server sends at most three times what it got, so a flight of one datagram wants a third of that.
    // With a cookie the server is free to send what it likes.
    const pads = cookie === undefined && expectsCertificate(this.#settings);
    this.#parts = helloParts(this.#settings, {
      share: agreement && { group: GROUP_NUMBERS[agreement.group], publicKey: agreement.publicKey },
      cookie,
      retried: this.#retried,
      minDatagram: pads ? Math.ceil(this.#host.maxDatagram / 3) : 0,
    });
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
    const mayBeOlder = this.#policy.olderSuites.length > 0 && this.#retried === undefined;
    if (type === HANDSHAKE_TYPE.helloVerifyRequest && mayBeOlder) {
      this.#older = { random: this.#settings.random, ...this.#parts };
      return;
    }
    expectType(type, HANDSHAKE_TYPE.serverHello);
    const hello = readServerHello(body);
    if (!isServerHello13(hello)) {
      if (!mayBeOlder) {
        throw new DtlsPeerError('unsupported-version', ALERT.protocol_version, 'the server speaks only DTLS 1.2');
      }
      this.#older = { random: this.#settings.random, ...this.#parts };
      return;
    }
    const { psk, pskModes } = this.#policy;
    const offered = { ...this.#settings, pskModes: psk === undefined ? [] : pskModes };
    const answer = readServerAnswer13(hello, offered);
    if (answer.type === 'retry') this.#onRetry(message, answer, now);
    else this.#agree(message, answer);
  }

  #onRetry(message: HandshakeMessage, answer: Extract<ServerAnswer13, { type: 'retry' }>, now: number): void {
    // RFC 8446 4.1.4: one is enough, and it asks for a group only that we have sent no key of.
    if (this.#retried !== undefined) throw unexpectedMessage(message.type);
    const { suite, group, cookie } = answer;
    if (group !== undefined && group === this.#agreement?.group) {
      throw new DtlsPeerError('bad-key-share', ALERT.illegal_parameter, 'the server asks for a key that it has');
    }
    const { crypto } = this.#host;
    const helloHash = crypto.hash(suite.hash, tlsMessage(this.#hello));
    this.#retried = { suite, helloHash, retryRequest: message.body };
    if (group !== undefined) this.#agreement = crypto.generateKeyAgreement(group);
    this.#sendHello(cookie, now);
  }

  #agree(message: HandshakeMessage, { suite, share, ids }: Extract<ServerAnswer13, { type: 'hello' }>): void {
    const { crypto, keyLog } = this.#host;
    const { psk, certificateTypes, packer } = this.#policy;
    const agreement = this.#agreement;
    const shared =
      share !== undefined && agreement !== undefined && share.group === GROUP_NUMBERS[agreement.group]
        ? agreement.agree(share.publicKey)
        : undefined;
    if (share !== undefined && shared === undefined) {
      throw new DtlsPeerError('bad-key-share', ALERT.illegal_parameter, "the server's key share is invalid");
    }
    if (this.#retried !== undefined && this.#retried.suite !== suite) {
      // RFC 8446 4.1.4
      throw new DtlsPeerError('no-common-cipher-suite', ALERT.illegal_parameter, 'the server has changed its suite');
    }
    this.#host.ids.agree(ids);
    const transcript = transcriptBeforeHello(crypto, suite.hash, this.#retried);
    transcript.add(this.#hello);
    transcript.add(message);
    const secrets = handshakeSecrets(crypto, suite.hash, { psk: psk?.key, shared }, transcript.hash());
    keyLog?.(keyLogLines13('HANDSHAKE_TRAFFIC_SECRET', this.#settings.random, secrets.handshake));
    this.#host.protectHandshake({
      read: recordKeys13(crypto, suite, secrets.handshake.server),
      write: recordKeys13(crypto, suite, secrets.handshake.client),
    });
    const offered = { extensions: this.#parts.extensions, certificateTypes, ownTypes: this.#ownTypes, packer };
    this.#serverHello = message;
    const group = share && agreement?.group;
    this.#flight = new ServerFlight13(crypto, offered, { suite, group, secrets, transcript, isPsk: psk !== undefined });
    this.#state = 'flight';
  }

  #onFlight(flight: ServerFlight13, message: HandshakeMessage, now: number): void {
    flight.onMessage(message);
    if (!flight.isWhole) return;
    const { proof } = flight;
    if (proof === undefined) {
      // The server has shown by its Finished that it has the shared key.
      this.#sendFinished(flight, now);
      return;
    }
    this.#state = 'question';
    if (proof.rawKey === undefined) this.#host.askAboutCertificate(proof.chain);
    else this.#host.askAboutRawKey(proof.rawKey);
  }

  #sendFinished({ agreed, requested, recordSizeLimit }: ServerFlight13, now: number): void {
    const { crypto, keyLog, recordSizeLimit: ours } = this.#host;
    const { suite, group, secrets, transcript } = agreed;
    const application = secrets.application(transcript.hash());
    keyLog?.(keyLogLines13('TRAFFIC_SECRET_0', this.#settings.random, application));
    const flight = new FlightWriter13(transcript);
    if (requested !== undefined) {
      const { type, schemes, takesPacked } = requested;
      const proof = chooseProof([type], schemes, this.#policy, takesPacked ? this.#policy.packer : undefined);
      addProof(flight, typeof proof === 'string' ? undefined : proof, 'client');
    }
    const finished = verifyData13(crypto, suite.hash, secrets.handshake.client, transcript.hash());
    flight.add(HANDSHAKE_TYPE.finished, finished);
    this.#host.limitRecords({ send: recordSizeLimit, receive: recordSizeLimit === undefined ? undefined : ours });
    this.#state = 'done';
    this.#flight = undefined;
    this.#agreement = undefined; // RFC 8446 E.1: forward secrecy begins when it is gone
    this.#host.sendFlight(flight.messages, now);
    this.#host.established(suite, group, application, now);
  }
}
