import { type CoapServer, listen, type PipeListener, type Platform } from '@lb-matrix/coap-endpoint';
import {
  type Compression,
  mapperOptionRegistry,
  type PathPrefix,
  type PathTableVersion,
} from '@lb-matrix/msc3079-mapper';
import { createCoapHandler, type Forward } from './coap-handler.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { createGateway } from './gateway.ts';
import { createHttpHandler, type HttpHandler } from './http-handler.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { createLoopGuard, type LoopGuard } from './loop-guard.ts';
import type { ObservationRecord } from './observe/observation-record.ts';
import { createObservers } from './observe/observers.ts';
import type { Upstream } from './upstream.ts';

/** What a low-bandwidth server is made of. */
export interface LowBandwidthOptions {
  /** The homeserver; `fromFetch` makes one of a fetch handler. */
  readonly upstream: Upstream;
  /** Time, timers and randomness: `nodePlatform` of `@lb-matrix/coap-endpoint/node`, or virtual time in tests. */
  readonly platform: Platform;
  /** The UDP port that /versions names to clients (MSC3079, Versioning). */
  readonly dtlsPort: number;
  /**
   * Pins (`sha256/…`) of the public keys that the listener shows without a certificate, the one in use and the next, for
   * /versions over HTTP: what came over CoAP vouches for nobody. Default: none.
   */
  readonly rawKeys?: readonly string[] | undefined;
  /** What a path enum expands to. Default `'v3'`; `'r0'` for homeservers older than Matrix 1.1. */
  readonly pathPrefix?: PathPrefix | undefined;
  /**
   * The newest version of the tables that a client which asks for it may use; with 2 also base64 as bytes. Default 1: plain
   * MSC3079.
   */
  readonly tables?: PathTableVersion | undefined;
  /**
   * Compress for clients that ask for it, by `nodeDeflate` of `@lb-matrix/msc3079-mapper/node`. A request may become
   * `maxRequestBytes` long, if this does not say less. Default, and `false`: nothing is compressed.
   */
  readonly compression?: Compression | false | undefined;
  /** Leave out of answers of /sync what the client knows by those before, for clients that ask for it. Default false. */
  readonly lean?: boolean | undefined;
  /** Milliseconds until a request without an answer is acknowledged; a long-poll is at once. Default 200. */
  readonly ackDelay?: number | undefined;
  /** Tell the homeserver the client's address in X-Forwarded-For. Default false. */
  readonly forwardClientAddress?: boolean | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Told of each finished exchange, for logs. */
  readonly onExchange?: ((record: ExchangeRecord) => void) | undefined;
  /** Told when a client observes, gets news and ends, for logs. */
  readonly onObservation?: ((record: ObservationRecord) => void) | undefined;
  /** Told of faults of our own; the client gets a 5.00 without details. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Low-bandwidth Matrix in front of one homeserver, on any number of listeners. */
export interface LowBandwidthServer {
  /** Answers CoAP on every pipe of a listener (DTLS sessions). The listener is then the server's: `close` ends it. */
  serve(listener: PipeListener): void;
  /**
   * Answers one HTTP request: CBOR comes in and goes out where the headers say so (R5-R7), /versions is completed, all
   * else is as the homeserver has it. Which paths it is called for is the caller's choice. Never rejects for what the
   * client or the homeserver does.
   */
  readonly handleHttp: HttpHandler;
  /** The pins that /versions names over HTTP from now on, in place of `rawKeys`. */
  setRawKeys(pins: readonly string[]): void;
  /** For requests that the caller passes to the homeserver itself: stamps them, and knows those that come back. */
  readonly loopGuard: LoopGuard;
  /**
   * Ends the listeners: observations end, long-polls are answered at once, other requests have `graceful` milliseconds (default 5,000) to
   * finish, then every session is told (close_notify).
   */
  close(options?: { readonly graceful?: number | undefined }): Promise<void>;
}

/** Puts a low-bandwidth server together. It listens on nothing before `serve` is called. */
export function createLowBandwidthServer(options: LowBandwidthOptions): LowBandwidthServer {
  const { upstream, platform, dtlsPort, tables, lean, onExchange, onObservation, onError, ackDelay } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const loopGuard = createLoopGuard(platform);
  const gateway = createGateway(upstream, platform, limits, loopGuard);
  const compression = options.compression ? { maxBytes: limits.maxRequestBytes, ...options.compression } : undefined;
  const offer = { dtls: dtlsPort, tables, compression: compression !== undefined, transmission: true };
  const common = { gateway, platform, offer, onExchange };
  const offerOverHttp = { ...offer, rawKeys: options.rawKeys };
  const { forwardClientAddress = false, pathPrefix = 'v3' } = options;
  const forward: Forward = (http, { peer }) =>
    forwardClientAddress && peer.validated
      ? { ...http, headers: [...http.headers, ['x-forwarded-for', peer.address]] }
      : http;
  const observers = createObservers({ gateway, platform, limits, forward, onObservation, onError });
  const { handler, describeTooLarge } = createCoapHandler({
    ...common,
    observers,
    forward,
    session: { pathPrefix, tables, compression, lean, transmission: true },
  });
  const servers: CoapServer[] = [];

  return {
    serve(listener) {
      servers.push(
        listen(listener, {
          platform,
          handler,
          onError,
          ackDelay,
          optionRegistry: mapperOptionRegistry,
          maxBodyBytes: limits.maxRequestBytes,
          describeTooLarge,
        }),
      );
    },
    handleHttp: createHttpHandler({ ...common, offer: offerOverHttp, forwardClientAddress }),
    setRawKeys(pins) {
      offerOverHttp.rawKeys = pins;
    },
    loopGuard,
    async close({ graceful = 5000 } = {}) {
      observers.close();
      gateway.endLongPolls();
      await Promise.all(servers.map((server) => server.close({ graceful })));
    },
  };
}
