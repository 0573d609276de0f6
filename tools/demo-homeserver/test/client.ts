import { afterEach } from 'vitest';
import { type DemoHomeserverOptions, startDemoHomeserver } from '../src/index.ts';
import type { Json, JsonObject } from '../src/json.ts';
import { resolvePointer } from '../src/request-script/pointer.ts';

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of running.splice(0)) await close();
});

/** An answer of the homeserver. */
export interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly headers: Headers;
  /** What stands at a pointer of the body. */
  at(pointer: string): Json | undefined;
  /** {@link Answer.at} for strings that must be there. */
  text(pointer: string): string;
}

/** Somebody who is logged in. */
export interface Client {
  readonly id: string;
  readonly token: string;
  /** `request('GET /sync?timeout=0')`: path below `/_matrix/client/v3`, body as JSON. */
  request(endpoint: string, body?: JsonObject): Promise<Answer>;
}

/** A homeserver for the duration of a test. */
export async function startHomeserver(options: DemoHomeserverOptions = {}) {
  const demo = await startDemoHomeserver({ log: () => {}, ...options });
  running.push(demo.close);

  /** Sends anything at all. */
  const send = async (method: string, path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${demo.url}${path}`, { method, ...init });
    const text = await response.text();
    const body: Json = text === '' ? null : JSON.parse(text);
    const at = (pointer: string) => resolvePointer(body, pointer);
    return {
      status: response.status,
      body,
      headers: response.headers,
      at,
      text(pointer) {
        const value = at(pointer);
        if (typeof value !== 'string') throw new Error(`no string at ${pointer} of ${text}`);
        return value;
      },
    };
  };

  const withToken =
    (token: string): Client['request'] =>
    (endpoint, body) => {
      const [method = '', path = ''] = endpoint.split(' ');
      const headers = { authorization: `Bearer ${token}` };
      return send(method, `/_matrix/client/v3${path}`, { headers, ...(body && { body: JSON.stringify(body) }) });
    };

  /** Registers a user, or logs in again. */
  const enter = async (endpoint: 'register' | 'login', body: JsonObject): Promise<Client> => {
    const answer = await send('POST', `/_matrix/client/v3/${endpoint}`, { body: JSON.stringify(body) });
    const token = answer.text('/access_token');
    return { id: answer.text('/user_id'), token, request: withToken(token) };
  };

  return {
    ...demo,
    send,
    register: (username: string) =>
      enter('register', { username, password: `${username}-secret`, auth: { type: 'm.login.dummy' } }),
    logIn: (user: string) => enter('login', { type: 'm.login.password', user, password: `${user}-secret` }),
  };
}
