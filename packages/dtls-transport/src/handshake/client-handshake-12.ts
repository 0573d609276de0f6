import type { GroupName } from '../crypto/provider.ts';
import { DtlsCertificateRejectedError, DtlsPeerError, DtlsRefusedError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { ByteWriter, u16List } from '../wire/byte-writer.ts';
import { concatBytes, sameBytes } from '../wire/bytes.ts';
import { writeCertificate } from '../wire/certificate.ts';
import { type ClientHello, writeClientHello } from '../wire/client-hello.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import {
  HANDSHAKE_TYPE,
  type HandshakeFragment,
  type HandshakeMessage,
  handshakeMessage,
} from '../wire/handshake-message.ts';
import { readHelloVerifyRequest } from '../wire/hello-verify-request.ts';
import { writeClientKeyExchange } from '../wire/key-exchange.ts';
import { DTLS_1_2 } from '../wire/record.ts';
import { Doubts } from './doubts.ts';
import type { Handshake, HandshakeHost } from './handshake.ts';
import { extendedMasterSecret, keyLogLine, trafficKeys, verifyData } from './key-schedule.ts';
import {
  ECDSA_SECP256R1_SHA256,
  GROUP_NUMBERS,
  NULL_COMPRESSION,
  SIGNATURE_SCHEME,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
  UNCOMPRESSED_POINT,
} from './parameters.ts';
import { isWholeServerFlight, readServerFlight, type ServerFlight } from './server-flight.ts';
import { Transcript } from './transcript.ts';

/** Cookies that are answered in one handshake; a server's secret may change in between, but not this often. */
const MAX_COOKIES = 8;

/** Our half of the key exchange and what came of it. */
interface Agreed {
  readonly publicKey: Uint8Array;
  readonly secret: Uint8Array;
}

/**
 * The client of DTLS 1.2 (RFC 6347 4.2.4):
 *
 *     ClientHello                                    ->
 *                                                    <-  HelloVerifyRequest
 *     ClientHello with cookie                        ->
 *                                                    <-  ServerHello, Certificate, ServerKeyExchange,
 *                                                        [CertificateRequest], ServerHelloDone
 *     (the layer above accepts the certificate)
 *     [Certificate], ClientKeyExchange,
 *     ChangeCipherSpec, Finished                     ->
 *                                                    <-  ChangeCipherSpec, Finished
 *
 * The server's flight is taken as a whole: when anything in it fails, the client asks for it again (`Doubts`).
 */
export class ClientHandshake12 implements Handshake {
  readonly #host: HandshakeHost;
  readonly #hello: Omit<ClientHello, 'cookie'>;
  readonly #doubts = new Doubts();
  #state: 'hello' | 'certificate' | 'finished' | 'done' = 'hello';
  #nextSeq = 0;
  #cookie: Uint8Array = new Uint8Array(0);
  #cookies = 0;
  /** Our last ClientHello and the messages of the server's flight so far. */
  #helloMessage: HandshakeMessage;
  #messages: HandshakeMessage[] = [];
  #flight: ServerFlight | undefined;
  /** The verify_data that the server's Finished must carry. */
  #expected: Uint8Array = new Uint8Array(0);

  constructor(host: HandshakeHost, serverName: string | undefined, now: number) {
    this.#host = host;
    this.#hello = {
      version: DTLS_1_2,
      random: host.randomBytes(32),
      sessionId: new Uint8Array(0),
      cipherSuites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_EMPTY_RENEGOTIATION_INFO_SCSV],
      compressionMethods: Uint8Array.of(NULL_COMPRESSION),
      extensions: clientExtensions(host.groups, serverName),
    };
    this.#helloMessage = this.#sendHello(now);
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
    if (this.#state === 'hello' && this.#contradicts(fragment)) {
      // Of two stories about the server's flight one is forged or damaged; the honest one is repeated until it arrives.
      this.#forgetFlight();
    } else if (this.#state === 'finished' && fragment.messageSeq === this.#messages.at(-1)?.messageSeq) {
      // RFC 6347 4.2.4: the server repeats its flight, so ours was lost.
      this.#host.repeatFlight(now);
    } else if (fragment.type === HANDSHAKE_TYPE.helloVerifyRequest && this.#isUnanswered()) {
      // Some servers write message_seq 0 into each HelloVerifyRequest, so another cookie looks like an old message. Before
      // we have waited in vain it is one: the answer to a copy of our first ClientHello.
      if (fragment.bytes.length === fragment.length) this.#takeCookie(fragment.messageSeq, fragment.bytes, now);
    }
  }

  /** It is not what was taken for this message. */
  #contradicts({ messageSeq, type, length, offset, bytes }: HandshakeFragment): boolean {
    const taken = this.#messages.find((message) => message.messageSeq === messageSeq);
    if (taken === undefined) return false;
    if (type !== taken.type || length !== taken.body.length) return true;
    return !sameBytes(bytes, taken.body.subarray(offset, offset + bytes.length));
  }

  #isUnanswered(): boolean {
    return this.#state === 'hello' && this.#messages.length === 0 && this.#host.hasRepeated;
  }

  /** The flight whose certificate waits for an answer. Throws `DtlsRefusedError` (`no-question`). */
  question(): ServerFlight {
    if (this.#flight !== undefined && this.#state === 'certificate') return this.#flight;
    throw new DtlsRefusedError('no-question', 'no certificate waits for an answer');
  }

  /** The certificate is the right server's; `spki` is the public key in it. */
  acceptPeer(flight: ServerFlight, spki: Uint8Array, now: number): void {
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
  #agree({ serverRandom, keyExchange, group }: ServerFlight, spki: Uint8Array): Agreed {
    const { crypto } = this.#host;
    const { params, signature, publicKey } = keyExchange;
    // CVE-2021-34433: nothing goes on without this signature (RFC 8422 5.4).
    const signed = concatBytes([this.#hello.random, serverRandom, params]);
    if (!crypto.verify(SIGNATURE_SCHEME, spki, signed, signature)) {
      throw new DtlsPeerError('bad-signature', ALERT.decrypt_error, 'the certificate did not sign the key exchange');
    }
    const agreement = crypto.generateKeyAgreement(group);
    const secret = agreement.agree(publicKey);
    if (secret === undefined) {
      throw new DtlsPeerError('bad-key-share', ALERT.illegal_parameter, "the server's key share is invalid");
    }
    return { publicKey: agreement.publicKey, secret };
  }

  #sendHello(now: number): HandshakeMessage {
    const body = writeClientHello({ ...this.#hello, cookie: this.#cookie });
    const message = handshakeMessage(HANDSHAKE_TYPE.clientHello, this.#nextSeq++, body);
    this.#host.sendFlight([{ writer: this.#host.plainWriter, message }], now);
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
    const digest = new Transcript(this.#host.crypto, this.#messages).hash();
    try {
      if (!isWholeServerFlight(this.#messages)) return;
      this.#doubts.recall(digest);
      this.#flight = readServerFlight(this.#messages, this.#hello.extensions, this.#host.groups);
    } catch (error) {
      this.#askAgain(error, now);
      return;
    }
    this.#state = 'certificate';
    this.#host.stopRepeating();
    this.#host.askAboutCertificate(this.#flight.chain);
  }

  /** Something in the server's flight failed: drops it and repeats our ClientHello, so that it comes again. */
  #askAgain(error: unknown, now: number): void {
    this.#doubts.note(new Transcript(this.#host.crypto, this.#messages).hash(), error);
    this.#forgetFlight();
    this.#state = 'hello';
    this.#host.repeatFlight(now);
  }

  #forgetFlight(): void {
    this.#host.expectAgain(this.#messages[0]!.messageSeq);
    this.#messages = [];
    this.#flight = undefined;
  }

  #sendFinished(flight: ServerFlight, { publicKey, secret }: Agreed, now: number): void {
    const { crypto, plainWriter } = this.#host;
    const clientRandom = this.#hello.random;
    const { serverRandom } = flight;
    const messages: HandshakeMessage[] = [];
    const add = (type: number, body: Uint8Array) => messages.push(handshakeMessage(type, this.#nextSeq++, body));
    // RFC 5246 7.4.6: asked for a certificate and having none, we send an empty list.
    if (flight.certificateRequested) add(HANDSHAKE_TYPE.certificate, writeCertificate([]));
    add(HANDSHAKE_TYPE.clientKeyExchange, writeClientKeyExchange(publicKey));
    const transcript = new Transcript(crypto, [this.#helloMessage, ...this.#messages, ...messages]);
    const masterSecret = extendedMasterSecret(crypto, secret, transcript.hash());
    this.#host.keyLog(keyLogLine(clientRandom, masterSecret));
    const keys = trafficKeys(crypto, masterSecret, clientRandom, serverRandom);
    const protectedWriter = this.#host.protect(keys.server, keys.client);
    const finished = handshakeMessage(
      HANDSHAKE_TYPE.finished,
      this.#nextSeq++,
      verifyData(crypto, masterSecret, 'client', transcript.hash()),
    );
    this.#expected = verifyData(crypto, masterSecret, 'server', transcript.with(finished).hash());
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
    this.#host.established();
  }
}

function readCookie(body: Uint8Array): Uint8Array | undefined {
  try {
    return readHelloVerifyRequest(body);
  } catch {
    return undefined;
  }
}

function clientExtensions(groups: readonly GroupName[], serverName: string | undefined): Extensions {
  const groupNumbers = groups.map((group) => GROUP_NUMBERS[group]);
  const extensions = new Map<number, Uint8Array>([
    [EXTENSION.extendedMasterSecret, new Uint8Array(0)],
    [EXTENSION.supportedGroups, new ByteWriter().vector16(u16List(groupNumbers)).bytes()],
    [EXTENSION.ecPointFormats, Uint8Array.of(1, UNCOMPRESSED_POINT)],
    [EXTENSION.signatureAlgorithms, new ByteWriter().vector16(u16List([ECDSA_SECP256R1_SHA256])).bytes()],
  ]);
  if (serverName !== undefined) extensions.set(EXTENSION.serverName, serverNameList(serverName));
  return extensions;
}

/** RFC 6066 3: a list of one host name. */
function serverNameList(name: string): Uint8Array {
  const entry = new ByteWriter().u8(0).vector16(new TextEncoder().encode(name)).bytes();
  return new ByteWriter().vector16(entry).bytes();
}
