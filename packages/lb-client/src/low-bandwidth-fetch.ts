import { EndpointError } from '@lb-matrix/coap-endpoint';
import { type HttpResponse, MappingError } from '@lb-matrix/msc3079-mapper';
import { Discovery } from './discovery.ts';
import { ClosedError, FateUnknownError, NetworkError } from './errors.ts';
import { FixedServer } from './fixed-server.ts';
import { type Account, Homeserver } from './homeserver.ts';
import { parseJson } from './json.ts';
import { Memory } from './memory.ts';
import { readOffer } from './offer.ts';
import type { ConnectionState, FallbackReason, LowBandwidthFetchOptions } from './options.ts';
import { mayHoldJson, type ReadRequest, readRequest } from './read-request.ts';
import { isRepeatable, otherWay } from './route.ts';
import { type LowBandwidthStats, Meter } from './stats.ts';
import { readSyncCall } from './sync/sync-call.ts';
import { toResponse } from './to-response.ts';
import { trimmed } from './trims.ts';
import { PinMismatch, Unreachable, Unsupported } from './unreachable.ts';

/** A `fetch` that speaks low bandwidth to Matrix homeservers. */
export interface LowBandwidthFetch {
  /**
   * As `fetch`. Rejects with the signal's reason, `NetworkError`, `FateUnknownError`, `ClosedError`, or with what the
   * real `fetch` rejects with where that was used.
   */
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
  readonly connection: {
    readonly state: ConnectionState;
    /** Calls `listener` with each new state. The returned function ends that. */
    onState(listener: (state: ConnectionState) => void): () => void;
  };
  stats(): LowBandwidthStats;
  /** Ends all connections (close_notify). What is under way rejects with `ClosedError`. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 262_144;
const CONNECT_TIMEOUT = 15_000;
const OBSERVE_IDLE = 60_000;

/** Makes a `fetch` for Matrix SDKs. It opens nothing before the first request. */
export function createLowBandwidthFetch(options: LowBandwidthFetchOptions): LowBandwidthFetch {
  const { platform, server, maxBodyBytes = MAX_BODY_BYTES } = options;
  // Called as a plain function: a browser's refuses any other `this`.
  const realFetch: typeof fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init);
  const meter = new Meter();
  const memory = new Memory(platform);
  const homeservers = new Map<string, Homeserver>();
  const listeners = new Set<(state: ConnectionState) => void>();
  let closed = false;
  let state: ConnectionState = 'idle';

  async function lowBandwidthFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    if (closed) throw new ClosedError('The fetch was closed');
    const url = new URL(input instanceof URL || typeof input === 'string' ? input : input.url);
    const method = init?.method ?? (input instanceof URL || typeof input === 'string' ? 'GET' : input.method);
    const elsewhere = otherWay(url, method);
    if (elsewhere !== undefined) return fallBack(url, method, elsewhere, undefined, () => realFetch(input, init));
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    if (!mayHoldJson(request)) return fallBack(url, request.method, 'body', undefined, () => realFetch(request));
    const read = await readRequest(request, url);
    const overHttps = () => {
      const { headers, signal } = request;
      return realFetch(url, {
        ...init,
        method,
        headers,
        signal,
        ...(read.text === undefined ? {} : { body: read.text }),
      });
    };
    if ((read.http.body?.length ?? 0) > maxBodyBytes) {
      return fallBack(url, request.method, 'too_large', undefined, overHttps);
    }
    try {
      const response = await ask(url, read, request.signal);
      meter.exchanged(read.http, url.host, response);
      return toResponse(response);
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      if (closed) throw error instanceof FateUnknownError ? error : new ClosedError('The fetch was closed', error);
      const reason = fallbackReason(error);
      if (reason === undefined) throw error instanceof MappingError ? new NetworkError(error.message, error) : error;
      return fallBack(
        url,
        request.method,
        reason,
        error,
        error instanceof Unreachable && reason !== 'unsupported'
          ? () => lastResort(read, request, overHttps)
          : overHttps,
      );
    }
  }

  async function ask(url: URL, { http: asked, token }: ReadRequest, signal: AbortSignal): Promise<HttpResponse> {
    const http = options.trims === undefined ? asked : trimmed(asked, options.trims);
    const homeserver = homeserverOf(url.origin);
    const { line, syncs } = homeserver.account(token);
    const call = options.observe === false || token === '' ? undefined : readSyncCall(http);
    if (call !== undefined) return syncs.ask(call, http, signal);
    const response = await line.ask(http, isRepeatable(http.method, http.target), signal);
    if (url.pathname === '/_matrix/client/versions' && response.status === 200) {
      homeserver.versionsSeen(readOffer(parseJson(response.body)));
    }
    return response;
  }

  function homeserverOf(origin: string): Homeserver {
    let homeserver = homeservers.get(origin);
    if (homeserver === undefined) {
      homeserver = new Homeserver({
        platform,
        memory,
        source:
          server === undefined ? new Discovery(origin, platform, memory, realFetch) : new FixedServer(server, memory),
        connectTimeout: options.connectTimeout ?? CONNECT_TIMEOUT,
        networkKey: options.networkKey ?? (() => ''),
        keepAlive: options.keepAlive,
        forms: { tables: options.tables, compression: options.compression || undefined, lean: options.lean },
        observeIdle: options.observeIdle ?? OBSERVE_IDLE,
        meter,
        onChange: updateState,
      });
      homeservers.set(origin, homeserver);
    }
    return homeserver;
  }

  function fallBack(
    url: URL,
    method: string,
    reason: FallbackReason,
    error: unknown,
    send: () => Promise<Response>,
  ): Promise<Response> {
    meter.fallbacks++;
    options.onFallback?.({ url: url.href, method, reason, ...(error === undefined ? {} : { error }) });
    return send();
  }

  function updateState(): void {
    const now = closed ? 'closed' : stateOf(homeservers.values());
    if (now === state) return;
    state = now;
    for (const listener of [...listeners]) listener(now);
  }

  return Object.assign(lowBandwidthFetch, {
    connection: {
      get state() {
        return state;
      },
      onState(listener: (state: ConnectionState) => void) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    stats: () => meter.read(),
    async close() {
      closed = true;
      for (const homeserver of homeservers.values()) homeserver.close();
      updateState();
    },
  });
}

/** HTTPS after low bandwidth: when that fails too, nothing works. */
async function lastResort(
  { http }: ReadRequest,
  { signal }: Request,
  send: () => Promise<Response>,
): Promise<Response> {
  try {
    return await send();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (isRepeatable(http.method, http.target)) throw new NetworkError('Neither UDP nor HTTPS gets through', error);
    throw new FateUnknownError('HTTPS, used since UDP does not get through, failed', error);
  }
}

/** Why a request that failed goes over HTTPS; `undefined` when it must not. */
function fallbackReason(error: unknown): FallbackReason | undefined {
  if (error instanceof Unsupported) return 'unsupported';
  if (error instanceof PinMismatch) return 'pin_mismatch';
  if (error instanceof Unreachable) return 'unreachable';
  if (error instanceof EndpointError) return error.code === 'refused' ? 'too_long' : undefined;
  if (!(error instanceof MappingError) || error.reason === 'response') return undefined;
  return error.reason === 'too_long' || error.reason === 'query_too_long' ? 'too_long' : 'unmappable';
}

function stateOf(homeservers: Iterable<Homeserver>): ConnectionState {
  const all = [...homeservers];
  const lines = all.flatMap((homeserver) => [...homeserver.accounts].map(({ line }: Account) => line.state));
  if (lines.includes('connected')) return 'connected';
  if (all.some(({ fallingBack }) => fallingBack)) return 'fallback';
  return lines.includes('connecting') ? 'connecting' : 'idle';
}
