import type { Platform } from '@lb-matrix/coap-endpoint';
import type { HttpRequest, HttpResponse } from '@lb-matrix/msc3079-mapper';
import type { Limits } from './limits.ts';
import { longPollTimeout } from './long-poll.ts';
import type { LoopGuard } from './loop-guard.ts';
import { matrixResponse } from './matrix-response.ts';
import type { Upstream } from './upstream.ts';

/** The most that a long-poll's own `timeout` adds to the homeserver's time, in milliseconds. */
const MAX_LONG_POLL = 3_600_000;

/** What became of a request: the homeserver's answer, or ours in its place. */
export interface Outcome {
  readonly response: HttpResponse;
  /** Why there is none of the homeserver's. */
  readonly error?: unknown;
}

/** Counts the requests of one session. */
export interface SessionLoad {
  requests: number;
}

/** The way to the homeserver, within its bounds. */
export interface Gateway {
  /**
   * Asks the homeserver. Never rejects.
   *
   * @param signal - aborted when the client does not wait any more
   * @param load - the session's; HTTP requests have none
   */
  ask(request: HttpRequest, signal: AbortSignal | undefined, load?: SessionLoad): Promise<Outcome>;
  /** Answers long-polls at once, those under way and those to come: they would hold up the end without any news. */
  endLongPolls(): void;
}

export function createGateway(upstream: Upstream, platform: Platform, limits: Limits, guard: LoopGuard): Gateway {
  const longPolls = new Set<() => void>();
  let requests = 0;
  let ending = false;

  return {
    async ask(request, signal, load = { requests: 0 }) {
      const longPoll = longPollTimeout(request.target);
      if (guard.hasPassed(request.headers)) return { response: loopDetected() };
      if (request.body !== undefined && request.body.length > limits.maxRequestBytes) return { response: tooLarge() };
      if (load.requests >= limits.maxSessionRequests) return { response: tooMany() };
      if (requests >= limits.maxRequests) return { response: overloaded() };
      if (ending && longPoll > 0) return { response: goingAway() };
      requests += 1;
      load.requests += 1;
      try {
        return await withinTime(request, longPoll, signal);
      } finally {
        requests -= 1;
        load.requests -= 1;
      }
    },
    endLongPolls() {
      ending = true;
      for (const end of [...longPolls]) end();
    },
  };

  function withinTime(request: HttpRequest, longPoll: number, signal: AbortSignal | undefined): Promise<Outcome> {
    const abort = new AbortController();
    const milliseconds = limits.upstreamTimeout + Math.min(longPoll, MAX_LONG_POLL);
    return new Promise((resolve) => {
      const settle = (outcome: Outcome): void => {
        cancelTimer();
        signal?.removeEventListener('abort', leave);
        longPolls.delete(end);
        resolve(outcome);
      };
      const giveUp = (response: HttpResponse, error?: unknown): void => {
        settle({ response, error });
        abort.abort(error);
      };
      const leave = (): void => giveUp(clientLeft());
      const end = (): void => giveUp(goingAway());
      const cancelTimer = platform.setTimer(milliseconds, () =>
        giveUp(timedOut(), new Error(`no answer within ${milliseconds} ms`)),
      );
      if (longPoll > 0) longPolls.add(end);
      signal?.addEventListener('abort', leave);
      if (signal?.aborted) leave();
      else askUpstream({ ...request, headers: guard.stamp(request.headers), signal: abort.signal }).then(settle);
    });
  }

  async function askUpstream(request: Parameters<Upstream>[0]): Promise<Outcome> {
    try {
      const response = await upstream(request);
      if (response.body.length <= limits.maxResponseBytes) return { response };
      return { response: unusable(), error: new Error(`an answer of ${response.body.length} bytes`) };
    } catch (error) {
      return { response: unreachable(), error };
    }
  }
}

/** RFC 5842 section 7.2. */
function loopDetected(): HttpResponse {
  return matrixResponse(508, 'M_UNKNOWN', 'This server is its own homeserver');
}

function tooLarge(): HttpResponse {
  return matrixResponse(413, 'M_TOO_LARGE', 'Body too large');
}

function tooMany(): HttpResponse {
  return matrixResponse(429, 'M_LIMIT_EXCEEDED', 'Too many requests at a time', { retry_after_ms: 1000 });
}

/** For what there is no place for. */
export function overloaded(): HttpResponse {
  return matrixResponse(503, 'M_LIMIT_EXCEEDED', 'The server is busy', { retry_after_ms: 5000 });
}

function goingAway(): HttpResponse {
  return matrixResponse(503, 'M_UNKNOWN', 'The server is going away');
}

/** 499 as proxies log it; nobody reads the answer. */
function clientLeft(): HttpResponse {
  return matrixResponse(499, 'M_UNKNOWN', 'The client does not wait any more');
}

function timedOut(): HttpResponse {
  return matrixResponse(504, 'M_UNKNOWN', 'The homeserver did not answer in time');
}

function unreachable(): HttpResponse {
  return matrixResponse(502, 'M_UNKNOWN', 'The homeserver cannot be reached');
}

function unusable(): HttpResponse {
  return matrixResponse(502, 'M_TOO_LARGE', "The homeserver's answer is too large");
}
