import type { KeyAgreement } from '../crypto/provider.ts';
import { DtlsCertificateRejectedError, DtlsPeerError, DtlsRefusedError, type PeerReason } from '../errors.ts';
import type { Identity } from '../identity.ts';
import type { WriteEpoch } from '../record/write-epoch.ts';
import { ALERT } from '../wire/alert.ts';
import {
  HANDSHAKE_TYPE,
  type HandshakeFragment,
  type HandshakeMessage,
  handshakeMessage,
} from '../wire/handshake-message.ts';
import { type CipherSuite, schemesFor, usesCertificate, usesPsk } from './cipher-suites.ts';
import { type ClientFlight, readClientFlight } from './client-flight.ts';
import { type ClientOffer, readClientOffer } from './client-offer.ts';
import { contradicts } from './contradicts.ts';
import { Doubts } from './doubts.ts';
import type { Handshake, HandshakeHost } from './handshake.ts';
import { extendedMasterSecret, keyLogLine, trafficKeys, verifyData } from './key-schedule.ts';
import { premasterSecret } from './premaster-secret.ts';
import { agreedLimits } from './record-size-limit.ts';
import { withDowngradeSentinel } from './server-hello-13.ts';
import { writeServerFlight } from './server-hello-flight.ts';
import { Transcript } from './transcript.ts';

/**
 * Failures that come of our flight too, when its question for a certificate was damaged on the way: then the client says the same
 * until it has seen our flight twice again. So often we bear them.
 */
const OF_OUR_QUESTION: readonly PeerReason[] = [
  'unexpected-message',
  'no-certificate',
  'no-common-signature-scheme',
  'bad-signature',
];
const PATIENCE = 3;

/**
 * A client is told when so many of its Finished could not be read. We repeat our flight for each of them, so that by then a
 * client that had something of it wrong has seen it twice again, and has mended it.
 */
const UNREADABLE = 4;

/** What a server shows of itself and wants of clients. */
export interface ServerPolicy {
  /** Who we are by certificate. */
  readonly identity: Identity | undefined;
  /** We share keys with clients. */
  readonly psk: boolean;
  /** Whether clients are asked for a certificate, and whether they may do without. */
  readonly clientCertificate: 'request' | 'require' | undefined;
  /** We speak DTLS 1.3 too. */
  readonly speaks13: boolean;
}

/** What the server keeps once its first flight is out. */
interface Offered {
  readonly random: Uint8Array;
  readonly client: ClientOffer;
  /** Our half of ECDHE. */
  readonly agreement: KeyAgreement | undefined;
  /** ClientHello to ServerHelloDone. */
  readonly transcript: Transcript;
}

/** What the client's flight led to; it counts once the client's Finished has authenticated. */
interface Agreed {
  readonly flight: ClientFlight;
  readonly masterSecret: Uint8Array;
  readonly transcript: Transcript;
  readonly writer: WriteEpoch;
}

/**
 * The server of DTLS 1.2 (RFC 6347 4.2.4), from the ClientHello whose cookie was right:
 *
 *     ClientHello with cookie                        ->
 *                                                    <-  ServerHello, [Certificate], [ServerKeyExchange],
 *                                                        [CertificateRequest], ServerHelloDone
 *     [Certificate], ClientKeyExchange,
 *     [CertificateVerify]                            ->
 *     (the layer above accepts the certificate, or knows the key of the identity)
 *     ChangeCipherSpec, Finished                     ->
 *                                                    <-  ChangeCipherSpec, Finished
 *
 * The client's flight before its Finished is taken as a whole: when anything in it fails, we ask for it again (`Doubts`).
 */
export class ServerHandshake12 implements Handshake {
  readonly #host: HandshakeHost;
  readonly #policy: ServerPolicy;
  readonly #suites: readonly CipherSuite[];
  readonly #doubts = new Doubts();
  /** The client's ClientHello; our first message has the same number, as the stateless answers before it. */
  readonly #helloSeq: number;
  #state: 'hello' | 'exchange' | 'question' | 'finished' | 'done' = 'hello';
  #nextSeq: number;
  #offered: Offered | undefined;
  /** The messages of the client's flight so far. */
  #messages: HandshakeMessage[] = [];
  #flight: ClientFlight | undefined;
  #agreed: Agreed | undefined;
  #finishedSeq: number | undefined;
  /** How often the client's Finished could not be read. */
  #unreadable = 0;
  #hasWarned = false;

  constructor(host: HandshakeHost, policy: ServerPolicy, helloSeq: number) {
    this.#host = host;
    this.#policy = policy;
    this.#suites = host.cipherSuites.filter((suite) => canServe(policy, suite));
    this.#helloSeq = helloSeq;
    this.#nextSeq = helloSeq;
  }

  get awaits(): 0 | 1 | undefined {
    if (this.#state === 'hello' || this.#state === 'exchange') return 0;
    return this.#state === 'finished' ? 1 : undefined;
  }

  onMessage(message: HandshakeMessage, now: number): void {
    if (this.#state === 'hello') this.#onClientHello(message, now);
    else if (this.#state === 'exchange') this.#onClientFlight([...this.#messages, message], now);
    else this.#onFinished(this.#agreed!, message, now);
  }

  onRepeat(fragment: HandshakeFragment, now: number): void {
    if (this.#state === 'done') {
      // RFC 6347 4.2.4: whoever sent the last flight answers when the flight before it is repeated.
      if (fragment.messageSeq === this.#finishedSeq) this.#host.repeatFlight(now);
    } else if (this.#state === 'finished') {
      this.#onOtherFlight(this.#agreed!, fragment, now);
    } else if (this.#state === 'exchange' && contradicts(this.#messages, fragment)) {
      // Only the honest story is repeated until it arrives.
      this.#forgetFlight();
    } else if (this.#state === 'exchange' && fragment.messageSeq === this.#helloSeq && fragment.offset === 0) {
      this.#host.repeatFlight(now);
    }
  }

  /**
   * RFC 6347 4.1.2.7 drops what does not authenticate, and so do we; but a client with another key than ours (RFC 4279 2) need
   * not wait in vain, so it is told in the clear. Anybody can make us say so, which is why nothing ends here.
   */
  onUnreadable(now: number): void {
    if (this.#state !== 'finished') return;
    this.#unreadable += 1;
    this.#host.repeatFlight(now);
    if (this.#unreadable >= UNREADABLE) this.#warn(ALERT.decrypt_error);
  }

  /** What the client has shown of itself. */
  get client(): Pick<ClientFlight, 'chain' | 'pskIdentity'> & { readonly rawKey: undefined } {
    return { chain: this.#flight?.chain ?? [], rawKey: undefined, pskIdentity: this.#flight?.pskIdentity };
  }

  /** Whether the client was asked for a certificate: RFC 4279 2 has no place for that with a shared key. */
  get #asksFor(): ServerPolicy['clientCertificate'] {
    return usesCertificate(this.#offered!.client.suite) ? this.#policy.clientCertificate : undefined;
  }

  /** Sees that an answer about a certificate, or about a key, is waited for. Throws `DtlsRefusedError` (`no-question`). */
  question(about: 'certificate' | 'psk'): void {
    const flight = this.#state === 'question' ? this.#flight : undefined;
    if (flight !== undefined && (about === 'psk') === (flight.pskIdentity !== undefined)) return;
    throw new DtlsRefusedError('no-question', `no ${about} waits for an answer`);
  }

  /** The certificate is the right client's; `spki` is the public key in it. */
  acceptPeer(spki: Uint8Array, now: number): void {
    const flight = this.#flight!;
    this.#try(() => {
      this.#checkSignature(flight, spki);
      this.#agree(flight, undefined);
      this.#host.resumeRepeating(now);
    }, now);
  }

  /** The certificate is not accepted; `alert` tells the client why. */
  rejectPeer(alert: number, now: number): void {
    this.#askAgain(new DtlsCertificateRejectedError(alert), now);
  }

  /** The key that goes with the identity. */
  acceptPsk(key: Uint8Array, now: number): void {
    const flight = this.#flight!;
    this.#try(() => {
      this.#agree(flight, key);
      this.#host.resumeRepeating(now);
    }, now);
  }

  /** No key goes with the identity. */
  rejectPsk(now: number): void {
    const alert = ALERT.unknown_psk_identity; // RFC 4279 2
    this.#askAgain(
      new DtlsPeerError('unknown-psk-identity', alert, 'the client names a key that we do not share'),
      now,
    );
  }

  #onClientHello(message: HandshakeMessage, now: number): void {
    if (message.type !== HANDSHAKE_TYPE.clientHello) throw unexpected(message);
    const { crypto, groups, recordSizeLimit, randomBytes, plainWriter } = this.#host;
    const { identity, clientCertificate } = this.#policy;
    const signatureSchemes = identity?.key.schemes ?? [];
    const capabilities = { groups, cipherSuites: this.#suites, recordSizeLimit, signatureSchemes, ids: this.#host.ids };
    const client = readClientOffer(message.body, capabilities);
    // RFC 8446 4.1.3: a client that speaks 1.3 too is to know that we do.
    const random = this.#policy.speaks13 ? withDowngradeSentinel(randomBytes(32)) : randomBytes(32);
    const agreement = client.group === undefined ? undefined : crypto.generateKeyAgreement(client.group);
    const bodies = writeServerFlight(client, random, agreement, {
      identity,
      requestedSchemes: clientCertificate === undefined ? undefined : crypto.signatureSchemes,
    });
    const messages = bodies.map(({ type, body }) => handshakeMessage(type, this.#nextSeq++, body));
    this.#offered = { random, client, agreement, transcript: new Transcript([message, ...messages]) };
    this.#state = 'exchange';
    this.#host.sendFlight(
      messages.map((part) => ({ writer: plainWriter, message: part })),
      now,
    );
  }

  #onClientFlight(messages: HandshakeMessage[], now: number): void {
    const { suite } = this.#offered!.client;
    this.#messages = messages;
    this.#try(() => {
      this.#flight = readClientFlight(messages, {
        suite,
        clientCertificate: this.#asksFor,
        signatureSchemes: this.#host.crypto.signatureSchemes,
      });
      if (this.#flight === undefined) return;
      this.#doubts.recall(this.#digest());
      const { chain, pskIdentity } = this.#flight;
      if (chain.length === 0 && pskIdentity === undefined) {
        this.#agree(this.#flight, undefined);
        return;
      }
      this.#state = 'question';
      this.#host.stopRepeating();
      if (pskIdentity === undefined) this.#host.askAboutCertificate(chain);
      else this.#host.askForPsk(pskIdentity);
    }, now);
  }

  /**
   * The client contradicts what we took: that was damaged or forged on the way, so it cannot complete, and this may. A client
   * changes nothing but what it had wrong of us. What it has signed has been what we said, so no other can have come.
   */
  #onOtherFlight({ flight }: Agreed, fragment: HandshakeFragment, now: number): void {
    const { type, messageSeq, length, bytes } = fragment;
    if (flight.signed !== undefined || bytes.length !== length || !contradicts(this.#messages, fragment)) return;
    if (this.#messages.length === 1) this.#onClientFlight([handshakeMessage(type, messageSeq, bytes)], now);
    else this.#forgetFlight();
  }

  /** What fails the first time makes us ask for the flight again. */
  #try(step: () => void, now: number): void {
    try {
      step();
    } catch (error) {
      this.#askAgain(error, now);
    }
  }

  #askAgain(error: unknown, now: number): void {
    const isOfOurs =
      this.#asksFor !== undefined && error instanceof DtlsPeerError && OF_OUR_QUESTION.includes(error.reason);
    this.#doubts.note(this.#digest(), error, isOfOurs ? PATIENCE : 1);
    // Clients that are not ours take seconds to say it again: they are told at once (RFC 5246 7.4.6).
    if (error instanceof DtlsPeerError && error.reason === 'no-certificate') this.#warn(error.alert);
    // Else, where nothing was asked above, the timer has gone on, and nobody is to be made to say more than that.
    if (isOfOurs || this.#state === 'question') this.#host.repeatFlight(now);
    this.#forgetFlight();
  }

  /** Once in a handshake, so that a client that has more to say hears no more of it. */
  #warn(alert: number): void {
    if (!this.#hasWarned) this.#host.warn(alert);
    this.#hasWarned = true;
  }

  #forgetFlight(): void {
    this.#host.expectAgain(this.#messages[0]!.messageSeq);
    this.#messages = [];
    this.#flight = undefined;
    this.#agreed = undefined;
    this.#state = 'exchange';
  }

  #digest(): Uint8Array {
    return new Transcript(this.#messages).hash(this.#host.crypto, 'sha256');
  }

  /** CVE-2022-29222: nothing goes on without this signature (RFC 5246 7.4.8). */
  #checkSignature({ signed, throughExchange }: ClientFlight, spki: Uint8Array): void {
    const { scheme, signature } = signed!;
    const said = this.#offered!.transcript.with(...throughExchange).bytes();
    if (this.#host.crypto.verify(scheme, spki, said, signature)) return;
    throw new DtlsPeerError('bad-signature', ALERT.decrypt_error, 'the certificate did not sign the handshake');
  }

  #agree(flight: ClientFlight, psk: Uint8Array | undefined): void {
    const { random, client, agreement, transcript } = this.#offered!;
    const { crypto, recordSizeLimit } = this.#host;
    const { suite } = client;
    const shared = agreement?.agree(flight.publicKey!);
    if (agreement !== undefined && shared === undefined) {
      throw new DtlsPeerError('bad-key-share', ALERT.illegal_parameter, "the client's key share is invalid");
    }
    const sessionHash = transcript.with(...flight.throughExchange).hash(crypto, suite.hash);
    const masterSecret = extendedMasterSecret(crypto, suite.hash, premasterSecret(shared, psk), sessionHash);
    const keys = trafficKeys(crypto, suite, masterSecret, client.random, random);
    const limits = agreedLimits(recordSizeLimit, client.recordSizeLimit);
    const writer = this.#host.protect(keys.client, keys.server, limits);
    this.#unreadable = 0;
    this.#agreed = { flight, masterSecret, transcript: transcript.with(...this.#messages), writer };
    this.#state = 'finished';
  }

  #onFinished({ masterSecret, transcript, writer }: Agreed, message: HandshakeMessage, now: number): void {
    const { crypto, plainWriter } = this.#host;
    const { client } = this.#offered!;
    const { hash } = client.suite;
    const expected = verifyData(crypto, hash, masterSecret, 'client', transcript.hash(crypto, hash));
    // RFC 5246 7.4.9; the record has authenticated, so a wrong value is no accident.
    if (!crypto.timingSafeEqual(message.body, expected)) {
      throw new DtlsPeerError(
        'bad-finished',
        ALERT.decrypt_error,
        "the client's Finished does not match the handshake",
      );
    }
    this.#finishedSeq = message.messageSeq;
    this.#state = 'done';
    const transcriptHash = transcript.with(message).hash(crypto, hash);
    const verify = verifyData(crypto, hash, masterSecret, 'server', transcriptHash);
    const finished = handshakeMessage(HANDSHAKE_TYPE.finished, this.#nextSeq++, verify);
    this.#host.keyLog(keyLogLine(client.random, masterSecret));
    this.#host.sendFlight(
      [
        { writer: plainWriter, message: 'change-cipher-spec' },
        { writer, message: finished },
      ],
      now,
    );
    // Forward secrecy begins when our half of ECDHE is gone.
    this.#offered = undefined;
    this.#agreed = undefined;
    this.#host.established(client.suite, client.group);
  }
}

/** Whether a server has a key for a suite. */
export function canServe({ identity, psk }: ServerPolicy, suite: CipherSuite): boolean {
  return usesPsk(suite) ? psk : identity !== undefined && schemesFor(suite, identity.key.schemes).length > 0;
}

function unexpected({ type }: HandshakeMessage): DtlsPeerError {
  return new DtlsPeerError('unexpected-message', ALERT.unexpected_message, `unexpected message of type ${type}`);
}
