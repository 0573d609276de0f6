import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { ensureProgram, pythonWith } from '@lb-matrix/interop/install';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientProxy, startClientProxy } from '../src/client-proxy.ts';
import { startLbProxy } from '../src/lb-proxy.ts';
import { eventsOf } from '../src/sdk/outcome.ts';
import { tellStory } from '../src/sdk/story.ts';
import { startSynapse } from '../src/synapse.ts';

const run = promisify(execFile);
const peers = fileURLToPath(new URL('../peers/', import.meta.url));

/** The JSON that a command prints. */
async function jsonOf(program: string, args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(program, args, { timeout: 60_000 });
  return JSON.parse(stdout);
}

describe.each([
  ['the demo homeserver', () => startDemoHomeserver({ log: () => {} })],
  ['Synapse', () => startSynapse()],
])('through the client proxy to %s', (_, startHomeserver) => {
  const closing: (() => Promise<unknown>)[] = [];
  let proxy: ClientProxy;

  beforeAll(async () => {
    ensureProgram('curl', 'curl');
    const folder = await mkdtemp(join(tmpdir(), 'lb-client-proxy-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const homeserver = await startHomeserver();
    closing.push(() => homeserver.close());
    const server = await startLbProxy(homeserver.url);
    closing.push(() => server.close());
    proxy = await startClientProxy({ homeserver: homeserver.url, ...server, folder });
    closing.push(() => proxy.close());
  });

  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  /** Registers with curl; gives the access token. */
  const register = async (username: string): Promise<string> => {
    const body = JSON.stringify({ username, password: 'correct horse', auth: { type: 'm.login.dummy' } });
    const answer = await jsonOf('curl', ['-sS', '-d', body, `${proxy.url}/_matrix/client/v3/register`]);
    return (answer as { access_token: string }).access_token;
  };

  it('curl registers, asks and is told', async () => {
    const name = `curl-${randomBytes(4).toString('hex')}`;
    const token = await register(name);
    const bearer = ['-H', `Authorization: Bearer ${token}`];
    const whoami = `${proxy.url}/_matrix/client/v3/account/whoami`;
    expect(await jsonOf('curl', ['-sS', ...bearer, whoami])).toMatchObject({ user_id: `@${name}:localhost` });
    const { stdout } = await run('curl', ['-sS', '-i', '-H', 'Authorization: Bearer nonsense', whoami]);
    expect(stdout).toMatch(/^HTTP\/1\.1 401 /);
    expect(stdout).toMatch(/^access-control-allow-origin: \*\r$/im);
    expect(stdout).toContain('M_UNKNOWN_TOKEN');
  });

  it('matrix-nio logs in, syncs with a filter too long for a CoAP option, sends and receives', async () => {
    const python = pythonWith('nio', join(peers, 'nio-requirements.txt'));
    const [alice, bob] = ['alice', 'bob'].map((name) => `${name}-${randomBytes(4).toString('hex')}`) as [
      string,
      string,
    ];
    for (const name of [alice, bob]) await register(name);
    const before = await proxy.status();
    const args = [join(peers, 'nio_session.py'), proxy.url, alice, bob, 'correct horse'];
    expect(await jsonOf(python, args)).toEqual({
      sent: true,
      received: ['Hello from nio'],
      members: [`@${alice}:localhost`, `@${bob}:localhost`],
    });
    const after = await proxy.status();
    expect(proxy.fallbacks()).toEqual([]);
    expect(after).toMatchObject({ state: 'connected', fallbacks: 0 });
    expect(Number(after.requests)).toBeGreaterThan(Number(before.requests) + 8);
    expect(Number(after.pushes)).toBeGreaterThan(0);
    expect(Number(after.bytesReceived)).toBeGreaterThan(Number(before.bytesReceived));
  });

  it('matrix-js-sdk lives its whole story, and reads every encrypted message of it', async () => {
    const stage = { homeserver: proxy.url, sync: 'v2', patience: 40_000, suffix: '-proxy' } as const;
    const outcome = eventsOf(await tellStory({ ...stage, connect: () => fetch }));
    expect(outcome.length).toBeGreaterThan(3 * 2 * 17);
    expect(outcome.filter(({ readable }) => !readable)).toEqual([]);
    expect(proxy.fallbacks()).toEqual([]);
  });
});
