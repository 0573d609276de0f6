import type { LowBandwidthFetch } from '../low-bandwidth-fetch.ts';

/** The options that matrix-bot-sdk gives its request function. */
export interface BotSdkRequest {
  readonly uri: string;
  readonly method: string;
  /** The query; an array is the same argument several times. */
  readonly qs?: Readonly<Record<string, unknown>> | null | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  /** `null`: the body is wanted as a Buffer. Else it is text. */
  readonly encoding?: null | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
}

/** What matrix-bot-sdk reads of a response. */
export interface BotSdkResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** What matrix-bot-sdk calls back. */
export type BotSdkCallback = (error: unknown, response?: BotSdkResponse, body?: string | Buffer) => void;

/** A request function for matrix-bot-sdk's `setRequestFn`. Errors of the fetch go to the callback as they are. */
export function botSdkRequest(fetch: LowBandwidthFetch): (request: BotSdkRequest, callback: BotSdkCallback) => void {
  return (request, callback) => {
    ask(fetch, request).then(
      (response) => callback(null, response, response.body),
      (error: unknown) => callback(error),
    );
  };
}

async function ask(fetch: LowBandwidthFetch, request: BotSdkRequest): Promise<BotSdkResponse> {
  const { method, headers = {}, body, encoding, timeout } = request;
  const response = await fetch(withQuery(request), {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    ...(timeout === undefined ? {} : { signal: AbortSignal.timeout(timeout) }),
  });
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    body: encoding === null ? Buffer.from(await response.arrayBuffer()) : await response.text(),
  };
}

function withQuery({ uri, qs }: BotSdkRequest): string {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(qs ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) url.searchParams.append(name, String(item));
    }
  }
  return url.href;
}
