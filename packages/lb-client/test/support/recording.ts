import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { HttpResponse, UpstreamRequest } from '@lb-matrix/lb-server';

/** One request and its answer, as they were over HTTP. */
export interface Exchange {
  readonly who: string;
  readonly method: string;
  readonly target: string;
  readonly request: string | null;
  readonly status: number;
  readonly response: string | null;
}

/** A recorded session, in order. */
export function recording(name: 'v2-sync-session' | 'sliding-sync-session'): Exchange[] {
  const text = gunzipSync(readFileSync(new URL(`../fixtures/${name}.jsonl.gz`, import.meta.url))).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Exchange);
}

/** The recorded answer as a homeserver gives it. */
export function answerOf({ status, response }: Exchange): HttpResponse {
  const body = new TextEncoder().encode(response ?? '');
  return { status, headers: body.length === 0 ? [] : [['content-type', 'application/json']], body };
}

/** The name of the user whose token a request carries. */
export function whoAsks({ headers }: UpstreamRequest): string | undefined {
  return headers.find(([name]) => name === 'authorization')?.[1].replace('Bearer ', '');
}

/** Path and arguments, decoded: what a target says, however it is escaped. */
export function meaning(target: string): { readonly path: string; readonly query: (readonly [string, string])[] } {
  const { pathname, searchParams } = new URL(target, 'http://localhost');
  return { path: pathname.split('/').map(decodeURIComponent).join('/'), query: [...searchParams] };
}
