/** A client built as existing MSC3079 clients are (pion/dtls 2.0.9, go-coap 2.4.0) through our proxy. */
import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { decodeToJson, encodeValue, type JsonValue, keyTable } from '@lb-matrix/lb-cbor-keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cell } from '../src/cell.ts';
import { connectGoClient, type GoAnswer, type GoClient, type GoRequest } from '../src/lb-go-client.ts';
import { type RunningProxy, startProxy } from '../src/proxy.ts';

const json = ({ body }: GoAnswer): Record<string, unknown> => JSON.parse(new TextDecoder().decode(decodeToJson(body)));
const cbor = (value: JsonValue): Uint8Array => encodeValue(value, { keys: keyTable(1) });

/** A row of the table of existing clients. */
const cell = (feature: string): { meta: { cell: Cell } } => ({
  meta: { cell: { table: 'Existing MSC3079 clients through our proxy', feature, peer: 'existing clients' } },
});

let homeserver: Awaited<ReturnType<typeof startDemoHomeserver>>;
let proxy: RunningProxy;
let client: GoClient;

beforeAll(async () => {
  homeserver = await startDemoHomeserver();
  proxy = await startProxy(homeserver.url);
  client = await connectGoClient(proxy.address);
});

afterAll(async () => {
  await client?.close();
  await proxy?.peer.stop();
  await homeserver?.close();
});

/** An answer of status 200, as JSON. */
async function ok(request: GoRequest): Promise<Record<string, unknown>> {
  const answer = await client.request(request);
  expect(answer).toMatchObject({ status: 200, format: 60 });
  return json(answer);
}

describe('the Go client', () => {
  it(
    'registers, logs in, sends, reads it in /sync by blocks, and long-polls for 30 s',
    cell('login, send, /sync in blocks, a long-poll of 30 s'),
    async () => {
      const auth = { type: 'm.login.dummy' };
      const body = cbor({ username: 'gopher', password: 'pw-gopher', auth, inhibit_login: true });
      await ok({ method: 'POST', path: ['4'], body });

      const identifier = { type: 'm.id.user', user: 'gopher' };
      const login = cbor({ type: 'm.login.password', identifier, password: 'pw-gopher' });
      const { access_token: token } = (await ok({ method: 'POST', path: ['1'], body: login })) as {
        access_token: string;
      };

      const { room_id: room } = (await ok({ method: 'POST', path: ['G'], token, body: cbor({ name: 'Go' }) })) as {
        room_id: string;
      };
      const long = 'x'.repeat(3000);
      const message = cbor({ msgtype: 'm.text', body: long });
      const sent = await ok({ method: 'PUT', path: ['9', room, 'm.room.message', 'txn1'], token, body: message });
      expect(sent).toEqual({ event_id: expect.stringMatching(/^\$/) });

      const sync = (await ok({ method: 'GET', path: ['7'], query: ['timeout=0'], token })) as {
        next_batch: string;
        rooms: { join: Record<string, { timeline: { events: { content: { body?: string } }[] } }> };
      };
      expect(sync.rooms.join[room]!.timeline.events.map(({ content }) => content.body)).toContain(long);

      const started = performance.now();
      const query = ['timeout=30000', `since=${sync.next_batch}`];
      const quiet = await ok({ method: 'GET', path: ['7'], query, token, timeoutMs: 45_000 });
      expect(quiet.next_batch).toEqual(expect.any(String));
      // The client retransmits after 9 s: that it waited in peace shows that its request was acknowledged at once.
      expect(performance.now() - started).toBeGreaterThan(29_000);
      expect(performance.now() - started).toBeLessThan(33_000);
    },
  );

  it(
    'observes /sync and gets three messages as pushes, each with a Message ID of its own, and a fourth in blocks',
    cell('OBSERVE: messages as pushes, each of its own Message ID, and in blocks'),
    async () => {
      const auth = { type: 'm.login.dummy' };
      const body = cbor({ username: 'watcher', password: 'pw-watcher', auth });
      const { access_token: token } = (await ok({ method: 'POST', path: ['4'], body })) as { access_token: string };
      const { room_id: room } = (await ok({ method: 'POST', path: ['G'], token, body: cbor({}) })) as {
        room_id: string;
      };
      const { next_batch: since } = await ok({ method: 'GET', path: ['7'], query: ['timeout=0'], token });

      const observer = await connectGoClient(proxy.address);
      try {
        const next = observer.observe({ path: ['7'], query: [`since=${since}`], token });
        expect(await next()).toMatchObject({ status: 200, format: 60, observe: expect.any(Number) });
        const pushes: Awaited<ReturnType<typeof next>>[] = [];
        for (const text of ['one', 'two', 'three', 'x'.repeat(3000)]) {
          const message = cbor({ msgtype: 'm.text', body: text });
          await ok({ method: 'PUT', path: ['9', room, 'm.room.message', text.slice(0, 9)], token, body: message });
          const push = await next();
          const news = json(push) as { rooms: { join: Record<string, { timeline: { events: object[] } }> } };
          expect(news.rooms.join[room]!.timeline.events).toMatchObject([{ content: { body: text } }]);
          pushes.push(push);
        }
        expect(pushes.map(({ status, observe }) => [status, observe > 0])).toEqual(pushes.map(() => [200, true]));
        // What go-coap has put together of blocks has no Message ID.
        const ids = pushes.slice(0, 3).map(({ messageId }) => messageId);
        expect(new Set(ids).size).toBe(3);
        expect(ids).not.toContain(0);
      } finally {
        await observer.close();
      }
    },
  );

  it(
    'gets the body of a 429, with retry_after_ms, as a 4.00 that it has a status for',
    cell('the body of a 429, with retry_after_ms'),
    async () => {
      const auth = { type: 'm.login.dummy' };
      const body = cbor({ username: 'hasty', password: 'pw-hasty', auth });
      const { access_token: token } = (await ok({ method: 'POST', path: ['4'], body })) as { access_token: string };
      const { room_id: room } = (await ok({ method: 'POST', path: ['G'], token, body: cbor({}) })) as {
        room_id: string;
      };
      // The demo homeserver answers a transaction of this name with a 429.
      const message = cbor({ msgtype: 'm.text', body: 'too soon' });
      const answer = await client.request({
        method: 'PUT',
        path: ['9', room, 'm.room.message', 'rate-limit-5000'],
        token,
        body: message,
      });
      expect(answer).toMatchObject({ status: 400, format: 60 });
      expect(json(answer)).toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 5000 });
    },
  );

  it(
    'gets errors as Matrix errors: no token, an unknown path, a path outside the client API',
    cell('errors as Matrix errors'),
    async () => {
      const noToken = await client.request({ method: 'GET', path: ['I'] });
      expect(noToken.status).toBe(401);
      expect(json(noToken)).toMatchObject({ errcode: 'M_MISSING_TOKEN' });

      const unknown = await client.request({ method: 'GET', path: ['_matrix', 'client', 'v3', 'nope'] });
      expect(unknown.status).toBe(404);
      expect(json(unknown)).toMatchObject({ errcode: 'M_UNRECOGNIZED' });

      const admin = await client.request({ method: 'GET', path: ['_synapse', 'admin', 'v1', 'server_version'] });
      expect(admin.status).toBe(404);
    },
  );
});
