import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureProgram } from '@lb-matrix/interop/install';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Call, coapAndJc, type Reply } from '../src/coap-and-jc.ts';
import { freePort } from '../src/free-port.ts';
import { shell } from '../src/shell.ts';
import { type Synapse, startSynapse } from '../src/synapse.ts';
import { openTerminal, type Terminal } from '../src/terminal.ts';
import { toolFolder } from '../src/tool-folder.ts';

const V3 = '/_matrix/client/v3';

let synapse: Synapse;
let folder: string;
let port: number;
let proxy: Terminal;
/** Alice's. */
let token: string;
let roomId: string;

const call = (request: Call): Promise<Reply> => coapAndJc({ folder, port }, request);
const asAlice = (request: Call): Promise<Reply> => call({ token, ...request });
const field = (reply: Reply, name: string): string => (reply.json as Record<string, string>)[name]!;

/** Sends a text message into Alice's room; returns the event's id. */
async function say(text: string, transaction: string): Promise<string> {
  const path = `${V3}/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${transaction}`;
  const body = JSON.stringify({ msgtype: 'm.text', body: text });
  return field(await asAlice({ method: 'PUT', path, body }), 'event_id');
}

/** The messages of Alice's room in an answer of /sync. */
function messages({ json }: Reply): object[] {
  const { rooms } = json as { rooms: { join: Record<string, { timeline: { events: { type: string }[] } }> } };
  return rooms.join[roomId]!.timeline.events.filter(({ type }) => type === 'm.room.message');
}

beforeAll(async () => {
  ensureProgram('script', 'bsdutils');
  [synapse, folder, port] = await Promise.all([startSynapse(), toolFolder(), freePort()]);
  proxy = openTerminal(`./proxy --local ${synapse.url} --dtls-bind-addr 127.0.0.1:${port} --mtu 296`, {
    cwd: folder,
    env: { XDG_STATE_HOME: folder },
  });
  await proxy.waitFor(/Try it: /);
});
afterAll(async () => {
  await proxy?.close();
  await synapse?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a session with coap and jc alone, in front of Synapse', () => {
  it('registers, logs in and makes a room', async () => {
    const credentials = { username: 'alice', password: 'correct horse', auth: { type: 'm.login.dummy' } };
    const registered = await call({ method: 'POST', path: `${V3}/register`, body: JSON.stringify(credentials) });
    expect(registered).toMatchObject({ code: 0, stderr: '', json: { user_id: '@alice:localhost' } });

    const identifier = { type: 'm.id.user', user: 'alice' };
    const login = { type: 'm.login.password', identifier, password: 'correct horse' };
    const loggedIn = await call({ method: 'POST', path: `${V3}/login`, body: JSON.stringify(login) });
    expect(loggedIn).toMatchObject({ code: 0, stderr: '', json: { user_id: '@alice:localhost' } });
    token = field(loggedIn, 'access_token');

    const room = await asAlice({ method: 'POST', path: `${V3}/createRoom`, body: '{"room_alias_name":"room"}' });
    expect(room).toMatchObject({ code: 0, stderr: '' });
    roomId = field(room, 'room_id');
    expect(roomId).toMatch(/^!/);
  });

  it('sends "Hello World" and gets it back from /sync', async () => {
    const eventId = await say('Hello World', 'txn-1');
    const sync = await asAlice({ method: 'GET', path: `${V3}/sync?timeout=0` });
    expect(sync.code).toBe(0);
    expect(messages(sync)).toEqual([
      expect.objectContaining({
        event_id: eventId,
        sender: '@alice:localhost',
        content: { msgtype: 'm.text', body: 'Hello World' },
      }),
    ]);
  });

  it('a /sync that waits is answered by the next message', async () => {
    const since = field(await asAlice({ method: 'GET', path: `${V3}/sync?timeout=0` }), 'next_batch');
    const started = performance.now();
    const poll = asAlice({ method: 'GET', path: `${V3}/sync?timeout=30000&since=${since}` });
    await sleep(1500);
    const eventId = await say('are you there?', 'txn-2');
    expect(messages(await poll)).toEqual([expect.objectContaining({ event_id: eventId })]);
    expect(performance.now() - started).toBeLessThan(25_000);
  });

  it('a percent sign comes through as it is, whatever follows it', async () => {
    const text = '100%d %s %n %% %v é 🙂 \\ "';
    const eventId = await say(text, 'txn%251');
    const path = `${V3}/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(eventId)}`;
    const event = await asAlice({ method: 'GET', path });
    expect(event).toMatchObject({ code: 0, json: { content: { body: text } } });
    expect(event.text).toContain('"body":"100%d %s %n %% %v é 🙂 \\\\ \\""');
  });

  it('a body of 1 MiB goes both ways in blocks, in packets of at most 296 bytes', async () => {
    const large = JSON.stringify({ text: 'low bandwidth '.repeat(75_000).slice(0, 1024 * 1024) });
    writeFileSync(join(folder, 'large.json'), large);
    const path = `${V3}/user/%40alice%3Alocalhost/account_data/org.example.large`;
    const put = await asAlice({ method: 'PUT', path, body: '@large.json', flags: '--mtu 296' });
    expect(put).toMatchObject({ code: 0, text: '{}' });
    const get = await asAlice({ method: 'GET', path, flags: '-v --mtu 296' });
    expect(get.text === large).toBe(true);

    // 296 bytes less IP, UDP, DTLS and CoAP hold blocks of 128 bytes, so the CBOR takes at least that many datagrams.
    const [, datagrams, bytes] = /^\* datagrams: \d+ up, (\d+) down; bytes: \d+ up, (\d+) down$/m.exec(get.stderr)!;
    expect(Number(datagrams)).toBeGreaterThanOrEqual((1024 * 1024) / 128);
    expect(Number(bytes) / Number(datagrams)).toBeLessThan(296 - 28);
  });
});

describe('errors of Synapse', () => {
  it('409: a room alias that is taken', async () => {
    const path = `${V3}/directory/room/%23room%3Alocalhost`;
    const taken = await asAlice({ method: 'PUT', path, body: JSON.stringify({ room_id: roomId }), flags: '-v' });
    expect(taken).toMatchObject({ code: 1, json: { errcode: 'M_UNKNOWN', error: expect.stringContaining('exists') } });
    expect(taken.stderr).toMatch(/^< 4\.09 Conflict$/m);
  });

  it('429: retry_after_ms arrives', async () => {
    const body = JSON.stringify({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: 'alice' },
      password: 'wrong',
    });
    let answer: Reply;
    let attempts = 0;
    do {
      answer = await call({ method: 'POST', path: `${V3}/login`, body, flags: '-v' });
      expect(answer.code).toBe(1);
    } while (field(answer, 'errcode') === 'M_FORBIDDEN' && ++attempts < 10);
    expect(answer.json).toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: expect.any(Number) });
    const { retry_after_ms: milliseconds } = answer.json as { retry_after_ms: number };
    expect(milliseconds).toBeGreaterThan(0);
    expect(answer.stderr).toMatch(/^< 4\.29 Too Many Requests$/m);
    // RFC 8516: Max-Age says the same in seconds.
    expect(answer.stderr).toMatch(new RegExp(`^< Max-Age: ${Math.ceil(milliseconds / 1000)}$`, 'm'));
  });

  it('404: what Synapse does not know', async () => {
    expect(await asAlice({ method: 'GET', path: `${V3}/nothing/here` })).toMatchObject({
      code: 1,
      json: { errcode: 'M_UNRECOGNIZED' },
    });
  });
});

describe('what never reaches Synapse', () => {
  it('/_synapse/admin: there over HTTP, not over CoAP', async () => {
    const path = '/_synapse/admin/v1/server_version';
    expect((await fetch(`${synapse.url}${path}`)).status).toBe(200);
    for (const way of [path, `/_matrix/client/..${path}`, `/_matrix/client/%2e%2e/%2e%2e${path}`]) {
      const { stdout, codes } = await shell(`./coap -k 'https://localhost:${port}${way}' | ./jc -c2j -`, {
        cwd: folder,
      });
      expect(codes[0]).not.toBe(0);
      expect(stdout).not.toContain('server_version');
    }
  });

  it('a body that is no JSON: M_NOT_JSON', async () => {
    const url = `'https://localhost:${port}${V3}/login'`;
    const coap = `./coap -k -d - -H 'Content-Type: application/cbor' ${url} | ./jc -c2j -`;
    for (const [what, pipeline, codes] of [
      // Answered as JSON, as it was asked.
      ['broken JSON', `./coap -k -d '{"type":' ${url}`, [1]],
      ['broken CBOR', `printf '\\xa2\\x61a' | ${coap}`, [0, 1, 0]],
      ['CBOR undefined, which JSON has not', `printf '\\xa1\\x61a\\xf7' | ${coap}`, [0, 1, 0]],
      // This one ended the original.
      ['a byte string before login', `printf '\\xa1\\x64type\\x41x' | ${coap}`, [0, 1, 0]],
    ] as const) {
      const answer = await shell(pipeline, { cwd: folder });
      expect(answer, what).toMatchObject({ codes, stderr: '' });
      expect(JSON.parse(answer.stdout), what).toMatchObject({ errcode: 'M_NOT_JSON' });
    }
    expect(await call({ method: 'GET', path: '/_matrix/client/versions' })).toMatchObject({ code: 0 });
  });

  it('anything once it is down: 502 and a Matrix error', async () => {
    await synapse.close();
    const down = await asAlice({ method: 'GET', path: `${V3}/account/whoami`, flags: '-v' });
    expect(down).toMatchObject({
      code: 1,
      json: { errcode: 'M_UNKNOWN', error: expect.stringContaining('homeserver') },
    });
    expect(down.stderr).toMatch(/^< 5\.02 Bad Gateway$/m);
    await proxy.waitFor(/WARN\[\d{4}\] GET \/_matrix\/client\/v3\/account\/whoami - 502 .*ECONNREFUSED/);
  });
});
