import type { Connection13Config } from '../connection/connection-config.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { DtlsMalformedError, DtlsPeerError } from '../errors.ts';
import {
  type Capabilities13,
  type ClientOffer13,
  lacksShare,
  readClientOffer13,
} from '../handshake/client-offer-13.ts';
import { serverFlightSize } from '../handshake/flight-size.ts';
import type { RandomBytes } from '../handshake/handshake.ts';
import type { Retry, ServerPolicy13 } from '../handshake/server-handshake-13.ts';
import { readCookieExtension, writeHelloRetryRequest } from '../handshake/server-hello-13.ts';
import { tlsMessage } from '../handshake/transcript-13.ts';
import { ALERT } from '../wire/alert.ts';
import { readClientHello } from '../wire/client-hello.ts';
import { HANDSHAKE_TYPE, type HandshakeFragment } from '../wire/handshake-message.ts';
import { RetryCookies } from './retry-cookie.ts';

/** What becomes of a ClientHello that offers DTLS 1.3. */
export type HelloVerdict =
  /** A handshake begins; with `retry` the client has shown that it receives at its address. */
  | { readonly action: 'begin'; readonly retry: Retry | undefined }
  /** The client is to come again: with a cookie, and perhaps with a key of another group. */
  | { readonly action: 'retry'; readonly helloRetryRequest: Uint8Array }
  | { readonly action: 'refuse'; readonly alert: number }
  | { readonly action: 'drop' };

/** RFC 9147 5.1: to an address that has not shown that it receives there goes at most so many times what came from it. */
const AMPLIFICATION = 3;

/** Decides about ClientHellos that offer DTLS 1.3, and keeps nothing of them. */
export class HelloJudge13 {
  readonly #crypto: CryptoProvider;
  readonly #config: Connection13Config;
  readonly #cookies: RetryCookies;
  #known: { readonly policy: ServerPolicy13; readonly capabilities: Capabilities13 } | undefined;

  constructor(config: Connection13Config, randomBytes: RandomBytes) {
    this.#crypto = config.crypto;
    this.#config = config;
    this.#cookies = new RetryCookies(config.crypto, randomBytes);
  }

  /**
   * `fragment` is all of a ClientHello, or its beginning with a cookie in it. `mayBegin`: there is room for the handshake of a
   * client that has shown nothing yet. `received` is the length of the datagram.
   */
  judge(
    path: string,
    fragment: HandshakeFragment,
    cookie: Uint8Array | undefined,
    policy: ServerPolicy13,
    { mayBegin, received }: { readonly mayBegin: boolean; readonly received: number },
    now: number,
  ): HelloVerdict {
    try {
      // CVE-2022-34293, CVE-2022-2576: with a cookie that is not ours nothing begins.
      if (cookie !== undefined) return this.#judgeCookie(path, readCookieExtension(cookie), now);
      const offer = readClientOffer13(readClientHello(fragment.bytes), this.#capabilitiesWith(policy));
      const allowed = AMPLIFICATION * received;
      const fits =
        serverFlightSize(offer, policy, this.#config.maxDatagram, this.#config.connectionId?.length) <= allowed;
      if (!lacksShare(offer) && mayBegin && fits) return { action: 'begin', retry: undefined };
      return { action: 'retry', helloRetryRequest: this.#askAgain(path, fragment, offer, now) };
    } catch (error) {
      if (error instanceof DtlsPeerError) return { action: 'refuse', alert: error.alert };
      if (error instanceof DtlsMalformedError) return { action: 'refuse', alert: ALERT.decode_error };
      throw error;
    }
  }

  /** They are the same for each ClientHello until we show ourselves otherwise. */
  #capabilitiesWith(policy: ServerPolicy13): Capabilities13 {
    if (this.#known?.policy !== policy) {
      const pskModes = policy.psk ? policy.pskModes : [];
      this.#known = { policy, capabilities: { ...this.#config, ...policy, pskModes } };
    }
    return this.#known.capabilities;
  }

  #judgeCookie(path: string, cookie: Uint8Array, now: number): HelloVerdict {
    const retry = this.#cookies.open(path, cookie, now);
    return retry === undefined ? { action: 'drop' } : { action: 'begin', retry };
  }

  #askAgain(path: string, fragment: HandshakeFragment, offer: ClientOffer13, now: number): Uint8Array {
    const { suite, exchange } = offer;
    // RFC 8446 4.4.1: of the first ClientHello the transcript needs only the hash.
    const helloHash = this.#crypto.hash(
      suite.hash,
      tlsMessage({ type: HANDSHAKE_TYPE.clientHello, body: fragment.bytes }),
    );
    const state = { suite, group: lacksShare(offer) ? exchange?.group : undefined, helloHash };
    return writeHelloRetryRequest(suite, state.group, this.#cookies.make(path, state, now));
  }
}
