import type { Json } from '../json.ts';
import type { SendRequest } from './run.ts';

/** Sends the script's requests over HTTP to a homeserver at a base URL, `http://127.0.0.1:8008`. */
export function fetchRequest(baseUrl: string): SendRequest {
  return async ({ method, target, token, body }) => {
    const response = await fetch(`${baseUrl}${target}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, body: (await response.json()) as Json };
  };
}
