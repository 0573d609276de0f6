import type { KeyAgreement } from '../crypto/provider.ts';
import { DtlsCertificateRejectedError, DtlsError, DtlsPeerError, DtlsRefusedError } from '../errors.ts';
import type { Identity, PreSharedKey } from '../identity.ts';
import { ALERT } from '../wire/alert.ts';
import { concatBytes, sameBytes } from '../wire/bytes.ts';
import { type ClientHello, writeClientHello } from '../wire/client-hello.ts';
import {
  HANDSHAKE_TYPE,
  type HandshakeFragment,
  type HandshakeMessage,
  handshakeMessage,
} from '../wire/handshake-message.ts';
import { readHelloVerifyRequest } from '../wire/hello-verify-request.ts';
import { DTLS_1_2 } from '../wire/record.ts';
import { type ClientSecrets, writeClientAnswer } from './client-answer.ts';
import { clientExtensions } from './client-extensions.ts';
import type { OlderOffer } from './client-handshake-13.ts';
import { contradicts } from './contradicts.ts';
import { Doubts } from './doubts.ts';
import type { Handshake, HandshakeHost } from './handshake.ts';
import { keyLogLine, trafficKeys, verifyData } from './key-schedule.ts';
import { NULL_COMPRESSION, TLS_EMPTY_RENEGOTIATION_INFO_SCSV } from './parameters.ts';
import { premasterSecret } from './premaster-secret.ts';
import { agreedLimits } from './record-size-limit.ts';
import { readServerFlight, type ServerFlight } from './server-flight.ts';
import { hasDowngradeSentinel } from './server-hello-13.ts';
import { Transcript } from './transcript.ts';

/** Whom a client asks for, and what it shows of itself. */
export interface ClientPolicy {
  /** The host name to ask for. */
  readonly serverName: string | undefined;
  /** What a server that asks for a certificate gets. */
  readonly identity: Identity | undefined;
  /** The key that we share with the server: there exactly when the suites that we offer use one. */
  readonly psk: PreSharedKey | undefined;
}

/** Cookies that are answered in one handshake; a server's secret may change in between, but not this often. */
const MAX_COOKIES = 8;

/**
 * The client of DTLS 1.2 (RFC 6347 4.2.4):
 *
 *     ClientHello                                    ->
 *                                                    <-  HelloVerifyRequest
 *     ClientHello with cookie                        ->
 *                                                    <-  ServerHello, [Certificate], [ServerKeyExchange],
 *                                                        [CertificateRequest], ServerHelloDone
 *     (the layer above accepts the certificate)
 *     [Certificate], ClientKeyExchange,
 *     [CertificateVerify],
 *     ChangeCipherSpec, Finished                     ->
 *                                                    <-  ChangeCipherSpec, Finished
 *
 * The server's flight is taken as a whole: when anything in it fails, the client asks for it again (`Doubts`).
 */
export class ClientHandshake12 implements Handshake {
  readonly #host: HandshakeHost;
  readonly #policy: ClientPolicy;
  readonly #hello: Omit<ClientHello, 'cookie'>;
  readonly #hasOffered13: boolean;
  readonly #doubts = new Doubts();
  #state: 'hello' | 'certificate' | 'finished' | 'done' = 'hello';
  #nextSeq = 0;
  #cookie: Uint8Array = new Uint8Array(0);
  #cookies = 0;
  /** Our last ClientHello and the messages of the server's flight so far. */
  #helloMessage: HandshakeMessage;
  #messages: HandshakeMessage[] = [];
  #flight: ServerFlight | undefined;
  /** Messages of the server that came again as something else. */
  readonly #others = new Map<number, HandshakeMessage>();
  #agreement: KeyAgreement | undefined;
  /** The verify_data that the server's Finished must carry. */
  #expected: Uint8Array = new Uint8Array(0);

  /** `offered`: what a ClientHello that has gone out has offered beside DTLS 1.3; the server has chosen 1.2. */
  constructor(host: HandshakeHost, policy: ClientPolicy, now: number, offered?: OlderOffer) {
    this.#host = host;
    this.#policy = policy;
    this.#hasOffered13 = offered !== undefined;
    this.#hello = {
      version: DTLS_1_2,
      random: offered?.random ?? host.randomBytes(32),
      sessionId: new Uint8Array(0),
      cipherSuites: offered?.cipherSuites ?? [
        ...host.cipherSuites.map(({ number }) => number),
        TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
      ],
      compressionMethods: Uint8Array.of(NULL_COMPRESSION),
      extensions: offered?.extensions ?? clientExtensions({ ...host, offeredIds: host.ids.offer }, policy.serverName),
    };
    this.#helloMessage = this.#sendHello(now, offered !== undefined);
  }

  get awaits(): 0 | 1 | undefined {
    if (this.#state === 'hello') return 0;
    return this.#state === 'finished' ? 1 : undefined;
  }

  onMessage(message: HandshakeMessage, now: number): void {
    if (this.#state === 'finished') this.#onFinished(message);
    else if (message.type === HANDSHAKE_TYPE.helloVerifyRequest && this.#messages.length === 0) {
      if (!this.#takeCookie(message.messageSeq, message.body, now)) this.#host.expectAgain(message.messageSeq);
    } else this.#onServerFlight(message, now);
  }

  onRepeat(fragment: HandshakeFragment, now: number): void {
    if (this.#state === 'hello' && contradicts(this.#messages, fragment)) {
      // Of two stories about the server's flight one is forged or damaged; the honest one is repeated until it arrives.
      this.#forgetFlight();
    } else if (this.#state === 'finished') {
      if (contradicts(this.#messages, fragment)) this.#lookAgain(fragment, now);
      // RFC 6347 4.2.4: the server repeats its flight, so ours was lost.
      if (fragment.messageSeq === this.#messages.at(-1)?.messageSeq) this.#host.repeatFlight(now);
    } else if (fragment.type === HANDSHAKE_TYPE.helloVerifyRequest && this.#isUnanswered()) {
      // Some servers write message_seq 0 into each HelloVerifyRequest, so another cookie looks like an old message. Before
      // we have waited in vain it is one: the answer to a copy of our first ClientHello.
      if (fragment.bytes.length === fragment.length) this.#takeCookie(fragment.messageSeq, fragment.bytes, now);
    }
  }

  /**
   * Nothing but its Finished shows that all of the server's flight arrived as it was sent: what is signed is only a part. When
   * the server contradicts what we took and says the same other thing twice, that was damaged on the way, and it cannot read
   * our Finished.
   */
  #lookAgain({ type, messageSeq, length, bytes }: HandshakeFragment, now: number): void {
    if (bytes.length !== length) return;
    const other = handshakeMessage(type, messageSeq, bytes);
    const before = this.#others.get(messageSeq);
    this.#others.set(messageSeq, other);
    if (before === undefined || !sameBytes(before.raw, other.raw)) return;
    this.#others.clear();
    this.#messages = this.#messages.map((message) => (message.messageSeq === messageSeq ? other : message));
    const flight = this.#readFlightOrNone();
    if (flight !== undefined) {
      this.#onWholeFlight(flight, now);
    } else {
      // There is more that is not as it was taken. The server repeats its flight until it can read our Finished.
      this.#forgetFlight();
      this.#state = 'hello';
    }
  }

  #isUnanswered(): boolean {
    return this.#state === 'hello' && this.#messages.length === 0 && this.#host.hasRepeated;
  }

  /** Sees that a certificate waits for an answer. Throws `DtlsRefusedError` (`no-question`). */
  question(): void {
    if (this.#state === 'certificate') return;
    throw new DtlsRefusedError('no-question', 'no certificate waits for an answer');
  }

  /** The certificate is the right server's; `spki` is the public key in it. */
  acceptPeer(spki: Uint8Array, now: number): void {
    const flight = this.#flight!;
    try {
      this.#sendFinished(flight, this.#agree(flight, spki), now);
    } catch (error) {
      this.#askAgain(error, now);
    }
  }

  /** The certificate is not accepted; `alert` tells the server why. */
  rejectPeer(alert: number, now: number): void {
    this.#askAgain(new DtlsCertificateRejectedError(alert), now);
  }

  /** The key exchange, once the server has shown that the certificate's key is its own. */
  #agree({ serverRandom, share, signed }: ServerFlight, spki: Uint8Array | undefined): ClientSecrets {
    const { crypto } = this.#host;
    if (signed !== undefined) {
      // CVE-2021-34433: nothing goes on without this signature (RFC 8422 5.4).
      const data = concatBytes([this.#hello.random, serverRandom, signed.params]);
      if (spki === undefined || !crypto.verify(signed.scheme, spki, data, signed.signature)) {
        throw new DtlsPeerError('bad-signature', ALERT.decrypt_error, 'the certificate did not sign the key exchange');
      }
    }
    const { psk } = this.#policy;
    const pskIdentity = psk?.identity;
    if (share === undefined) {
      return { publicKey: undefined, pskIdentity, premasterSecret: premasterSecret(undefined, psk?.key) };
    }
    // When a flight is taken again our key stays the same, as the server may have it already.
    if (this.#agreement?.group !== share.group) this.#agreement = crypto.generateKeyAgreement(share.group);
    const shared = this.#agreement.agree(share.publicKey);
    if (shared === undefined) {
      throw new DtlsPeerError('bad-key-share', ALERT.illegal_parameter, "the server's key share is invalid");
    }
    return { publicKey: this.#agreement.publicKey, pskIdentity, premasterSecret: premasterSecret(shared, psk?.key) };
  }

  #sendHello(now: number, wasSent = false): HandshakeMessage {
    const body = writeClientHello({ ...this.#hello, cookie: this.#cookie });
    const message = handshakeMessage(HANDSHAKE_TYPE.clientHello, this.#nextSeq++, body);
    this.#host.sendFlight([{ writer: this.#host.plainWriter, message }], now, wasSent);
    return message;
  }

  /**
   * RFC 6347 4.2.1: another cookie takes the old one's place. The answer to message n is n + 1, and so is what the server
   * says next, because a server without state can only count from what it is sent.
   */
  #takeCookie(messageSeq: number, body: Uint8Array, now: number): boolean {
    const cookie = readCookie(body);
    if (cookie === undefined || this.#cookies >= MAX_COOKIES || sameBytes(cookie, this.#cookie)) return false;
    this.#cookies += 1;
    this.#cookie = cookie.slice();
    this.#nextSeq = messageSeq + 1;
    this.#host.expectAgain(this.#nextSeq);
    this.#helloMessage = this.#sendHello(now);
    return true;
  }

  #onServerFlight(message: HandshakeMessage, now: number): void {
    if (this.#messages.length === 0 && message.type !== HANDSHAKE_TYPE.serverHello) {
      // The middle of a flight that answered an earlier cookie.
      this.#host.expectAgain(message.messageSeq);
      return;
    }
    this.#messages.push(message);
    try {
      const flight = this.#readFlight();
      if (flight === undefined) return;
      this.#doubts.recall(this.#digest());
      this.#onWholeFlight(flight, now);
    } catch (error) {
      this.#askAgain(error, now);
    }
  }

  #readFlightOrNone(): ServerFlight | undefined {
    try {
      return this.#readFlight();
    } catch (error) {
      if (error instanceof DtlsError) return undefined;
      throw error;
    }
  }

  #readFlight(): ServerFlight | undefined {
    const { crypto, groups, cipherSuites } = this.#host;
    const { signatureSchemes } = crypto;
    return readServerFlight(this.#messages, {
      extensions: this.#hello.extensions,
      cipherSuites,
      groups,
      signatureSchemes,
    });
  }

  #onWholeFlight(flight: ServerFlight, now: number): void {
    if (this.#hasOffered13 && hasDowngradeSentinel(flight.serverRandom)) {
      // RFC 8446 4.1.3: the server speaks 1.3 too, and has not seen that we do.
      throw new DtlsPeerError('downgrade', ALERT.illegal_parameter, 'somebody has kept DTLS 1.3 from the server');
    }
    if (flight.signed === undefined) {
      // The server shows by its Finished that it has the shared key.
      this.#sendFinished(flight, this.#agree(flight, undefined), now);
      return;
    }
    this.#flight = flight;
    this.#state = 'certificate';
    this.#host.stopRepeating();
    this.#host.askAboutCertificate(flight.chain);
  }

  /** Something in the server's flight failed: drops it and repeats our ClientHello, so that it comes again. */
  #askAgain(error: unknown, now: number): void {
    this.#doubts.note(this.#digest(), error);
    this.#forgetFlight();
    this.#state = 'hello';
    this.#host.repeatFlight(now);
  }

  #forgetFlight(): void {
    this.#host.expectAgain(this.#messages[0]!.messageSeq);
    this.#messages = [];
    this.#flight = undefined;
  }

  #digest(): Uint8Array {
    return new Transcript(this.#messages).hash(this.#host.crypto, 'sha256');
  }

  #sendFinished(flight: ServerFlight, secrets: ClientSecrets, now: number): void {
    const { crypto, plainWriter, recordSizeLimit } = this.#host;
    const { suite, serverRandom } = flight;
    const clientRandom = this.#hello.random;
    const upToServer = new Transcript([this.#helloMessage, ...this.#messages]);
    // A flight that is taken again is answered with the same numbers.
    const firstSeq = this.#helloMessage.messageSeq + 1;
    const answer = writeClientAnswer(crypto, flight, secrets, this.#policy.identity, upToServer, firstSeq);
    const { messages, masterSecret, transcript } = answer;
    this.#host.keyLog(keyLogLine(clientRandom, masterSecret));
    const keys = trafficKeys(crypto, suite, masterSecret, clientRandom, serverRandom);
    const limits = agreedLimits(recordSizeLimit, flight.recordSizeLimit);
    this.#host.ids.agree(flight.ids);
    const protectedWriter = this.#host.protect(keys.server, keys.client, limits);
    const verify = verifyData(crypto, suite.hash, masterSecret, 'client', transcript.hash(crypto, suite.hash));
    const finished = handshakeMessage(HANDSHAKE_TYPE.finished, firstSeq + messages.length, verify);
    const transcriptHash = transcript.with(finished).hash(crypto, suite.hash);
    this.#expected = verifyData(crypto, suite.hash, masterSecret, 'server', transcriptHash);
    this.#flight = flight;
    this.#state = 'finished';
    this.#host.sendFlight(
      [
        ...messages.map((message) => ({ writer: plainWriter, message })),
        { writer: plainWriter, message: 'change-cipher-spec' },
        { writer: protectedWriter, message: finished },
      ],
      now,
    );
  }

  #onFinished(message: HandshakeMessage): void {
    // RFC 5246 7.4.9; the record has authenticated, so a wrong value is no accident.
    if (!this.#host.crypto.timingSafeEqual(message.body, this.#expected)) {
      throw new DtlsPeerError(
        'bad-finished',
        ALERT.decrypt_error,
        "the server's Finished does not match the handshake",
      );
    }
    this.#state = 'done';
    const group = this.#agreement?.group;
    this.#agreement = undefined; // forward secrecy begins when it is gone
    this.#host.established(this.#flight!.suite, group);
  }
}

function readCookie(body: Uint8Array): Uint8Array | undefined {
  try {
    return readHelloVerifyRequest(body);
  } catch {
    return undefined;
  }
}
