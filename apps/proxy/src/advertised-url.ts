import type { HttpRequest, HttpResponse, Upstream } from '@lb-matrix/lb-server';

const LOGIN = /^\/_matrix\/client\/[^/?]+\/(?:login|register)(?:\?|$)/;
const WELL_KNOWN = /^\/\.well-known\/matrix\/client(?:\?|$)/;

/** Whether the answer to a request names the homeserver's URL to a client. */
export function namesHomeserver({ method, target }: Pick<HttpRequest, 'method' | 'target'>): boolean {
  return method === 'POST' ? LOGIN.test(target) : method === 'GET' && WELL_KNOWN.test(target);
}

/**
 * An upstream whose answers to login, registration and discovery name another URL as the homeserver's: the proxy's, so
 * that clients stay with it.
 */
export function withAdvertisedUrl(upstream: Upstream, url: string): Upstream {
  return async (request) => {
    const response = await upstream(request);
    return namesHomeserver(request) ? advertise(response, url) : response;
  };
}

function advertise(response: HttpResponse, url: string): HttpResponse {
  const answer = parseObject(response.body);
  const homeserver = member(answer, 'm.homeserver') ?? member(member(answer, 'well_known'), 'm.homeserver');
  if (homeserver === undefined) return response;
  homeserver.base_url = url;
  const headers = response.headers.filter(([name]) => name !== 'etag' && name !== 'content-length');
  return { status: response.status, headers, body: Buffer.from(JSON.stringify(answer)) };
}

type JsonObject = Record<string, unknown>;

function parseObject(json: Uint8Array): JsonObject | undefined {
  try {
    return asObject(JSON.parse(new TextDecoder().decode(json)));
  } catch {
    return undefined;
  }
}

function member(object: JsonObject | undefined, name: string): JsonObject | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? asObject(object[name]) : undefined;
}

function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
