import type { HttpHeaders, HttpResponse, Upstream, UpstreamRequest } from '@lb-matrix/lb-server';
import { expect } from 'vitest';

/** A homeserver whose answers the test writes, and that remembers what it was asked. */
export interface ScriptedUpstream {
  readonly upstream: Upstream;
  readonly requests: UpstreamRequest[];
}

/** Answers every request with what `answer` makes of it. */
export function scriptedUpstream(
  answer: (request: UpstreamRequest) => HttpResponse | Promise<HttpResponse>,
): ScriptedUpstream {
  const requests: UpstreamRequest[] = [];
  return {
    requests,
    upstream: async (request) => {
      requests.push(request);
      return answer(request);
    },
  };
}

/** An answer in JSON. */
export function json(status: number, value: unknown, headers: HttpHeaders = []): HttpResponse {
  return {
    status,
    headers: [['content-type', 'application/json'], ...headers],
    body: new TextEncoder().encode(JSON.stringify(value)),
  };
}

/** The Via header that a server adds to every request. */
export const VIA: readonly [string, unknown] = ['via', expect.stringMatching(/^1\.1 lb-[0-9a-f]{16}$/)];

/** What bytes of JSON say. */
export function parse(body: Uint8Array | undefined): unknown {
  return JSON.parse(new TextDecoder().decode(body));
}
