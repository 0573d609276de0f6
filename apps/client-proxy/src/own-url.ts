/** Answers that tell a client where its homeserver is. */
export function namesHomeserver(method: string, path: string): boolean {
  if (method === 'GET') return path === '/.well-known/matrix/client';
  return method === 'POST' && /^\/_matrix\/client\/[^/]+\/(?:login|register)$/.test(path);
}

/** The same answer with our URL as the homeserver's, so that clients stay with us. What is no such answer stays as it is. */
export function withOwnUrl(body: Uint8Array, url: string): Uint8Array {
  const answer = parseObject(body);
  const homeserver = member(answer, 'm.homeserver') ?? member(member(answer, 'well_known'), 'm.homeserver');
  if (homeserver === undefined) return body;
  homeserver.base_url = url;
  return new TextEncoder().encode(JSON.stringify(answer));
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
