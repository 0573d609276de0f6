import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendJson, startHttpServer } from '@lb-matrix/scripted-http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectLowBandwidth } from './support/low-bandwidth.ts';
import { type CliProcess, runCli } from './support/run-cli.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const LOCAL = ['-local', 'http://127.0.0.1:18008'];
const FREE = ['--dtls-bind-addr', '127.0.0.1:0'];
const WAIT = { timeout: 15_000, interval: 20 };

/** The port of a proxy that logs as text, once it listens. */
async function portOf(proxy: CliProcess): Promise<number> {
  const listening = () => /Listening for DTLS on 127\.0\.0\.1:(\d+) /.exec(proxy.stderr())?.[1];
  await expect.poll(listening, WAIT).toBeDefined();
  return Number(listening());
}

describe('lb-proxy', { timeout: 30_000 }, () => {
  it('says where it listens in the original’s words, and how to try it', async () => {
    const proxy = runCli([...LOCAL, ...FREE, '--advertise', 'http://127.0.0.1:8448', '--log-format', 'text']);
    const port = await portOf(proxy);
    await expect.poll(() => proxy.stderr(), WAIT).toContain('Try it');
    const lines = proxy.stderr().split('\n');
    expect(lines[0]).toMatch(
      new RegExp(
        `^INFO\\[\\d{4}] Listening on 127\\.0\\.0\\.1:${port}/tcp to reverse proxy from http://127\\.0\\.0\\.1:8448 to http://127\\.0\\.0\\.1:18008 - HTTPS enabled: false$`,
      ),
    );
    expect(lines[1]).toMatch(/^INFO\[\d{4}] Listening for DTLS on 127\.0\.0\.1:\d+ - ACK piggyback period: 200ms$/);
    expect(lines[2]).toMatch(/^INFO\[\d{4}] Made a certificate of our own, kept in .*cert\.pem/);
    const pin = /^INFO\[\d{4}] Raw public key (sha256\/[\w+/]{43}=), kept in .*raw-key\.pem$/.exec(lines[3]!)?.[1];
    expect(lines[4]).toMatch(/^INFO\[\d{4}] Try it: /);
    expect(lines[4]!.slice('INFO[0000] '.length)).toBe(
      `Try it: coap --pin ${pin} 'https://127.0.0.1:${port}/_matrix/client/versions' | jc -c2j -`,
    );
  });

  it('logs as JSON where nobody watches', async () => {
    const proxy = runCli([...LOCAL, ...FREE, '--ack-delay', '1500']);
    await expect.poll(() => proxy.stderr(), WAIT).toContain('Try it');
    const [first] = proxy.stderr().split('\n');
    expect(JSON.parse(first!)).toEqual({
      level: 'info',
      time: expect.any(String),
      msg: expect.stringMatching(/^Listening for DTLS on 127\.0\.0\.1:\d+ - ACK piggyback period: 1\.5s$/),
    });
  });

  it('ends with 0 on SIGTERM, after the requests under way', async () => {
    let finish: (() => void) | undefined;
    const homeserver = await startHttpServer((_, response) => {
      finish = () => sendJson(response, 200, { done: true });
    });
    const proxy = runCli(['-local', homeserver, ...FREE, '--log-format', 'text']);
    const client = await connectLowBandwidth(await portOf(proxy));
    const answer = client.request('GET', '/_matrix/client/v3/account/whoami');
    await expect.poll(() => finish, WAIT).toBeDefined();
    proxy.child.kill('SIGTERM');
    await expect.poll(() => proxy.stderr(), WAIT).toContain('Stopping on SIGTERM');
    finish!();
    expect(await answer).toMatchObject({ status: 200, json: { done: true } });
    expect(await proxy.exit).toBe(0);
    expect(await proxy.stdout).toBe('');
  });

  it.each([
    ['ends at once on the second signal', 700, 130],
    ['takes a signal that npm hands on at the same moment for the one that it is', 0, 0],
  ])('%s', async (_, pause, code) => {
    let finish: (() => void) | undefined;
    const homeserver = await startHttpServer((_, response) => {
      finish = () => sendJson(response, 200, {});
    });
    const proxy = runCli(['-local', homeserver, ...FREE, '--log-format', 'text']);
    const client = await connectLowBandwidth(await portOf(proxy));
    client.request('GET', '/_matrix/client/v3/account/whoami').catch(() => undefined);
    await expect.poll(() => finish, WAIT).toBeDefined();
    proxy.child.kill('SIGINT');
    await expect.poll(() => proxy.stderr(), WAIT).toContain('Stopping on SIGINT');
    await sleep(pause);
    proxy.child.kill('SIGINT');
    await sleep(100);
    finish!();
    expect(await proxy.exit).toBe(code);
  });

  it('without --local is a usage error', async () => {
    const proxy = runCli([]);
    expect(await proxy.exit).toBe(2);
    expect(proxy.stderr()).toBe(
      "lb-proxy: --local is missing: the homeserver to forward to, such as --local http://localhost:8008\nTry 'lb-proxy --help'.\n",
    );
  });

  it.each([
    ['--help', /^lb-proxy --local URL/],
    ['--version', /^lb-proxy \d+\.\d+\.\d+\n$/],
  ])('%s goes to stdout', async (flag, output) => {
    const proxy = runCli([flag]);
    expect(await proxy.exit).toBe(0);
    expect(await proxy.stdout).toMatch(output);
  });

  it('says in one line what is wrong with a certificate file', async () => {
    const folder = temporaryDirectory();
    const bad = join(folder, 'bad.pem');
    writeFileSync(bad, 'no PEM');
    for (const [file, message] of [
      [join(folder, 'missing.pem'), `FATAL: cannot read ${join(folder, 'missing.pem')}: no such file\n`],
      [bad, `FATAL: ${bad}: no certificate in the PEM text: a BEGIN CERTIFICATE block is needed\n`],
    ] as const) {
      writeFileSync(join(folder, 'key.pem'), '');
      const proxy = runCli([...LOCAL, ...FREE, '--tls-cert', file, '--tls-key', join(folder, 'key.pem')]);
      expect(await proxy.exit).toBe(1);
      expect(proxy.stderr()).toBe(message);
    }
  });

  it('says which port is taken', async () => {
    const blocker = createSocket('udp4');
    blocker.bind(0, '127.0.0.1');
    await once(blocker, 'listening');
    onTestFinished(() => void blocker.close());
    const address = `127.0.0.1:${blocker.address().port}`;
    const proxy = runCli([...LOCAL, '--dtls-bind-addr', address]);
    expect(await proxy.exit).toBe(1);
    expect(proxy.stderr()).toMatch(
      new RegExp(`^FATAL: cannot listen on ${address}/udp: the port is taken.*EADDRINUSE\\)\n$`),
    );
  });
});
