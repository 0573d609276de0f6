import type { HttpRequest } from '@lb-matrix/msc3079-mapper';

/** What `fetch` was called with, read. */
export interface ReadRequest {
  readonly http: HttpRequest;
  /** `''` for none. Secret. */
  readonly token: string;
  /** The body, to be sent another way. */
  readonly text: string | undefined;
}

/** The parts of a request that have a meaning in the Matrix client API. Reads its body, which has to be text. */
export async function readRequest(request: Request, url: URL): Promise<ReadRequest> {
  const { headers, method } = request;
  const text = method === 'GET' ? '' : await request.text();
  const authorization = headers.get('authorization');
  const kept: [string, string][] = [];
  if (authorization !== null) kept.push(['authorization', authorization]);
  if (text !== '') kept.push(['content-type', 'application/json']);
  const http: HttpRequest = {
    method,
    target: url.pathname + url.search,
    headers: kept,
    ...(text === '' ? {} : { body: new TextEncoder().encode(text) }),
  };
  const token = authorization?.replace(/^Bearer +/i, '') ?? '';
  return { http, token, text: text === '' ? undefined : text };
}

/** Whether the body, if there is one, is JSON: said to be, or text that is not said to be anything else. */
export function mayHoldJson({ headers, method }: Request): boolean {
  const type = headers.get('content-type');
  if (method === 'GET' || type === null) return true;
  // `text/plain` is what fetch itself says of a string.
  return /^(?:application\/json|text\/plain)\s*(?:;|$)/i.test(type);
}
