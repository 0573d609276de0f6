import type { KeyAgreement, SigningKey } from '../crypto/provider.ts';
import { DtlsPeerError } from '../errors.ts';
import type { WriteEpoch } from '../record/write-epoch.ts';
import { ALERT } from '../wire/alert.ts';
import { concatBytes, sameBytes } from '../wire/bytes.ts';
import { writeCertificate } from '../wire/certificate.ts';
import {
  HANDSHAKE_TYPE,
  type HandshakeFragment,
  type HandshakeMessage,
  handshakeMessage,
} from '../wire/handshake-message.ts';
import { readClientKeyExchange, serverKeyParams, writeServerKeyExchange } from '../wire/key-exchange.ts';
import { DTLS_1_2 } from '../wire/record.ts';
import { writeServerHello } from '../wire/server-hello.ts';
import { type ClientOffer, readClientOffer } from './client-offer.ts';
import { Doubts } from './doubts.ts';
import type { Handshake, HandshakeHost } from './handshake.ts';
import { extendedMasterSecret, keyLogLine, trafficKeys, verifyData } from './key-schedule.ts';
import {
  ECDSA_SECP256R1_SHA256,
  GROUP_NUMBERS,
  NULL_COMPRESSION,
  SIGNATURE_SCHEME,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
} from './parameters.ts';
import { Transcript } from './transcript.ts';

/** Who we are: certificates (DER), our own first, and the private key of the first. */
export interface ServerIdentity {
  readonly chain: readonly Uint8Array[];
  readonly key: SigningKey;
}

/** What the server keeps once its first flight is out. */
interface Offered {
  readonly random: Uint8Array;
  readonly client: ClientOffer;
  readonly agreement: KeyAgreement;
  /** ClientHello to ServerHelloDone. */
  readonly transcript: Transcript;
}

/** What the client's key exchange led to; it counts once the client's Finished has authenticated. */
interface Agreed {
  readonly exchange: HandshakeMessage;
  readonly masterSecret: Uint8Array;
  readonly transcript: Transcript;
  readonly writer: WriteEpoch;
}

/**
 * The server of DTLS 1.2 (RFC 6347 4.2.4), from the ClientHello whose cookie was right:
 *
 *     ClientHello with cookie                        ->
 *                                                    <-  ServerHello, Certificate, ServerKeyExchange, ServerHelloDone
 *     ClientKeyExchange, ChangeCipherSpec, Finished  ->
 *                                                    <-  ChangeCipherSpec, Finished
 */
export class ServerHandshake12 implements Handshake {
  readonly #host: HandshakeHost;
  readonly #identity: ServerIdentity;
  readonly #doubts = new Doubts();
  /** The client's ClientHello; our first message has the same number, as the stateless answers before it. */
  readonly #helloSeq: number;
  #nextSeq: number;
  #offered: Offered | undefined;
  #agreed: Agreed | undefined;
  #finishedSeq: number | undefined;

  constructor(host: HandshakeHost, identity: ServerIdentity, helloSeq: number) {
    this.#host = host;
    this.#identity = identity;
    this.#helloSeq = helloSeq;
    this.#nextSeq = helloSeq;
  }

  get awaits(): 0 | 1 | undefined {
    if (this.#finishedSeq !== undefined) return undefined;
    return this.#agreed === undefined ? 0 : 1;
  }

  onMessage(message: HandshakeMessage, now: number): void {
    if (this.#offered === undefined) this.#onClientHello(message, now);
    else if (this.#agreed === undefined) this.#onClientKeyExchange(this.#offered, message);
    else this.#onFinished(this.#agreed, message, now);
  }

  onRepeat(fragment: HandshakeFragment, now: number): void {
    if (this.#finishedSeq !== undefined) {
      // RFC 6347 4.2.4: whoever sent the last flight answers when the flight before it is repeated.
      if (fragment.messageSeq === this.#finishedSeq) this.#host.repeatFlight(now);
    } else if (this.#agreed !== undefined) {
      this.#onOtherKeyExchange(this.#agreed, fragment);
    } else if (fragment.messageSeq === this.#helloSeq && fragment.offset === 0) {
      this.#host.repeatFlight(now);
    }
  }

  #onClientHello(message: HandshakeMessage, now: number): void {
    if (message.type !== HANDSHAKE_TYPE.clientHello) throw unexpected(message);
    const client = readClientOffer(message.body, this.#host.groups);
    const { crypto, randomBytes, plainWriter } = this.#host;
    const random = randomBytes(32);
    const agreement = crypto.generateKeyAgreement(client.group);
    const params = serverKeyParams(GROUP_NUMBERS[client.group], agreement.publicKey);
    const signature = this.#identity.key.sign(SIGNATURE_SCHEME, concatBytes([client.random, random, params]));
    const messages = [
      this.#message(HANDSHAKE_TYPE.serverHello, serverHello(random, client)),
      this.#message(HANDSHAKE_TYPE.certificate, writeCertificate(this.#identity.chain)),
      this.#message(
        HANDSHAKE_TYPE.serverKeyExchange,
        writeServerKeyExchange(params, ECDSA_SECP256R1_SHA256, signature),
      ),
      this.#message(HANDSHAKE_TYPE.serverHelloDone, new Uint8Array(0)),
    ];
    this.#offered = { random, client, agreement, transcript: new Transcript(crypto, [message, ...messages]) };
    this.#host.sendFlight(
      messages.map((part) => ({ writer: plainWriter, message: part })),
      now,
    );
  }

  #onClientKeyExchange(offered: Offered, message: HandshakeMessage): void {
    try {
      this.#agreed = this.#agree(offered, message);
    } catch (error) {
      this.#doubts.note(this.#host.crypto.hash('sha256', message.raw), error);
      this.#host.expectAgain(message.messageSeq);
    }
  }

  /**
   * The client repeats its flight with another key: the first was damaged or forged on the way, so it cannot complete, and
   * this one may. A client never changes it.
   */
  #onOtherKeyExchange({ exchange }: Agreed, fragment: HandshakeFragment): void {
    const { type, messageSeq, length, bytes } = fragment;
    const isWhole = bytes.length === length;
    if (messageSeq !== exchange.messageSeq || !isWhole || sameBytes(bytes, exchange.body)) return;
    this.#agreed = undefined;
    this.#onClientKeyExchange(this.#offered!, handshakeMessage(type, messageSeq, bytes));
  }

  #agree({ random, client, agreement, transcript }: Offered, message: HandshakeMessage): Agreed {
    if (message.type !== HANDSHAKE_TYPE.clientKeyExchange) throw unexpected(message);
    const { crypto } = this.#host;
    const secret = agreement.agree(readClientKeyExchange(message.body));
    if (secret === undefined) {
      throw new DtlsPeerError('bad-key-share', ALERT.illegal_parameter, "the client's key share is invalid");
    }
    const through = transcript.with(message);
    const masterSecret = extendedMasterSecret(crypto, secret, through.hash());
    const keys = trafficKeys(crypto, masterSecret, client.random, random);
    const writer = this.#host.protect(keys.client, keys.server);
    return { exchange: message, masterSecret, transcript: through, writer };
  }

  #onFinished({ masterSecret, transcript, writer }: Agreed, message: HandshakeMessage, now: number): void {
    const { crypto, plainWriter } = this.#host;
    // RFC 5246 7.4.9; the record has authenticated, so a wrong value is no accident.
    if (!crypto.timingSafeEqual(message.body, verifyData(crypto, masterSecret, 'client', transcript.hash()))) {
      throw new DtlsPeerError(
        'bad-finished',
        ALERT.decrypt_error,
        "the client's Finished does not match the handshake",
      );
    }
    this.#finishedSeq = message.messageSeq;
    const transcriptHash = transcript.with(message).hash();
    const finished = this.#message(HANDSHAKE_TYPE.finished, verifyData(crypto, masterSecret, 'server', transcriptHash));
    this.#host.keyLog(keyLogLine(this.#offered!.client.random, masterSecret));
    this.#host.sendFlight(
      [
        { writer: plainWriter, message: 'change-cipher-spec' },
        { writer, message: finished },
      ],
      now,
    );
    this.#host.established();
  }

  #message(type: number, body: Uint8Array): HandshakeMessage {
    return handshakeMessage(type, this.#nextSeq++, body);
  }
}

function serverHello(random: Uint8Array, client: ClientOffer): Uint8Array {
  return writeServerHello({
    version: DTLS_1_2,
    random,
    sessionId: new Uint8Array(0), // RFC 5246 7.4.1.3: an empty id means that the session is not kept
    cipherSuite: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    compressionMethod: NULL_COMPRESSION,
    extensions: client.answer,
  });
}

function unexpected({ type }: HandshakeMessage): DtlsPeerError {
  return new DtlsPeerError('unexpected-message', ALERT.unexpected_message, `unexpected message of type ${type}`);
}
