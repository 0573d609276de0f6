import { once } from 'node:events';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A homeserver that does what the test says. Returns its URL. */
export async function startHttpServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of an answer is the test's to say
  readonly json: any;
}

/** One request whose path and headers go out as they are written, on a connection of its own. */
export async function send(
  url: string,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: OutgoingHttpHeaders; body?: Uint8Array | string } = {},
): Promise<Answer> {
  const outgoing = request(url, { method, path, headers, agent: false });
  outgoing.end(body);
  const [response]: IncomingMessage[] = await once(outgoing, 'response');
  const received = await buffer(response!);
  return {
    status: response!.statusCode!,
    headers: response!.headers,
    body: received,
    get json() {
      return JSON.parse(received.toString());
    },
  };
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** A client of the Matrix API that has registered. */
export async function register(url: string, username: string) {
  const body = JSON.stringify({ username, password: 'secret', auth: { type: 'm.login.dummy' } });
  const { status, json } = await send(url, 'POST', '/_matrix/client/v3/register', { body });
  if (status !== 200) throw new Error(`registration failed: ${JSON.stringify(json)}`);
  const headers = { authorization: `Bearer ${json.access_token}` };
  return {
    id: String(json.user_id),
    token: String(json.access_token),
    request: (method: string, path: string, content?: unknown) =>
      send(url, method, `/_matrix/client/v3${path}`, {
        headers,
        ...(content === undefined ? {} : { body: JSON.stringify(content) }),
      }),
  };
}
