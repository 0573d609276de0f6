import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureProgram } from '@lb-matrix/interop/install';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../src/free-port.ts';
import { type ShellResult, shell } from '../src/shell.ts';
import { type Synapse, startSynapse } from '../src/synapse.ts';
import { openTerminal, type Terminal } from '../src/terminal.ts';
import { toolFolder } from '../src/tool-folder.ts';

/** The guide's commands, letter by letter, in the order in which it gives them. */
const MAKE_KEY = 'openssl ecparam -name prime256v1 -genkey -noout -out private-key.pem';
const MAKE_CERTIFICATE = 'openssl req -new -x509 -key private-key.pem -out cert.pem -days 365';
const PROXY = `./proxy -local 'https://matrix-client.matrix.org' --tls-cert cert.pem --tls-key private-key.pem --advertise "http://127.0.0.1:8008" --dtls-bind-addr :8008`;
const COAP = `./coap -X GET -k 'http://localhost:8008/_matrix/client/versions' | ./jc -c2j '-'`;

/** What the guide's certificate lacks: names that a client can check. */
const NAMES = `-subj '/CN=localhost' -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'`;

let synapse: Synapse;
let folder: string;
let port: number;
let terminal: Terminal;

/** With the port and the homeserver that this run has in place of the guide's. */
const here = (command: string): string =>
  command.replaceAll('8008', String(port)).replace('https://matrix-client.matrix.org', synapse.url);
const type = (command: string, options: { stdin?: string; env?: Record<string, string> } = {}): Promise<ShellResult> =>
  shell(here(command), { cwd: folder, ...options });

/** Runs the guide's proxy, and no other. */
async function startProxy(env: Record<string, string> = {}): Promise<void> {
  await terminal?.close();
  terminal = openTerminal(here(PROXY), { cwd: folder, env });
  await terminal.waitFor(/Try it: /);
}

beforeAll(async () => {
  ensureProgram('openssl', 'openssl');
  ensureProgram('script', 'bsdutils');
  [synapse, folder, port] = await Promise.all([startSynapse(), toolFolder(), freePort()]);
});
afterAll(async () => {
  await terminal?.close();
  await synapse?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the guide, letter by letter, in front of Synapse', () => {
  it('makes a key and a certificate', async () => {
    expect(await type(MAKE_KEY)).toMatchObject({ codes: [0] });
    // Return at each of its seven questions.
    expect(await type(MAKE_CERTIFICATE, { stdin: '\n'.repeat(7) })).toMatchObject({ codes: [0] });
    expect(readFileSync(join(folder, 'cert.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
  });

  it('runs the proxy, which says on what it listens', async () => {
    await startProxy();
    const [first, second] = terminal.output().split('\n');
    expect(first).toBe(
      `INFO[0000] Listening on :${port}/tcp to reverse proxy from http://127.0.0.1:${port} to ${synapse.url} - HTTPS enabled: false`,
    );
    expect(second).toBe(`INFO[0000] Listening for DTLS on :${port} - ACK piggyback period: 200ms`);
  });

  it('asks for the versions over CoAP and prints them as JSON', async () => {
    const { stdout, stderr, codes } = await type(COAP);
    expect({ stderr, codes }).toEqual({ stderr: '', codes: [0, 0] });
    const lowBandwidth = {
      dtls: port,
      cbor_enum_version: 2,
      coap_enum_version: 2,
      deflate_dict: ['22c588f8'],
      transmission: true,
    };
    const fromSynapse = await (await fetch(`${synapse.url}/_matrix/client/versions`)).json();
    expect(JSON.parse(stdout)).toEqual({
      ...(fromSynapse as object),
      'm.low_bandwidth': lowBandwidth,
      'org.matrix.msc3079.low_bandwidth': lowBandwidth,
    });
    // As the original prints it: keys sorted, no newline at the end.
    expect(stdout).toMatch(
      /^\{"m\.low_bandwidth":\{.*"unstable_features":\{"[^\n]*"versions":\["r0\.0\.1",[^\n]*\]\}$/,
    );
  });

  it('serves HTTP on the TCP port of the same number', async () => {
    const versions = await (await fetch(`http://127.0.0.1:${port}/_matrix/client/versions`)).json();
    expect(versions).toHaveProperty(['m.low_bandwidth', 'dtls'], port);
  });

  it('ends on Ctrl-C, leaving the port free', async () => {
    expect(await terminal.interrupt()).toBe(0);
    expect(terminal.output()).toContain('Stopping on SIGINT');
    expect(await type(COAP)).toMatchObject({ codes: [7, 1], stdout: '' });
  });
});

describe('"if this doesn’t work"', () => {
  it('the log has a line for each request, -v tells what happened, and SSLKEYLOGFILE what Wireshark needs', async () => {
    await startProxy({ SSLKEYLOGFILE: 'ssl.log' });
    const { stdout, stderr, codes } = await type(COAP.replace('./coap', './coap -v'));
    expect(codes).toEqual([0, 0]);
    expect(JSON.parse(stdout)).toHaveProperty('versions');
    expect(stderr).toMatch(/^> GET \/_matrix\/client\/versions$/m);
    expect(stderr).toMatch(/^< 2\.05 Content$/m);
    expect(stderr).toMatch(/^< Content-Type: application\/cbor$/m);
    await terminal.waitFor(/INFO\[\d{4}\] GET \/_matrix\/client\/versions - 200 {2}bytes=\d+ ms=\d+ via=coap/);
    expect(readFileSync(join(folder, 'ssl.log'), 'utf8')).toMatch(
      /^(?:(?:CLIENT|SERVER)_(?:HANDSHAKE_TRAFFIC_SECRET|TRAFFIC_SECRET_0) [0-9a-f]{64} [0-9a-f]{64}\n){4}$/,
    );
  });
});

describe('a certificate that verifies', () => {
  const VERIFYING = COAP.replace(' -k', ' --cacert cert.pem');

  it('cannot be the guide’s, which is for no name', async () => {
    const { stdout, stderr, codes } = await type(VERIFYING);
    expect({ stdout, codes }).toEqual({ stdout: '', codes: [60, 1] });
    expect(stderr).toMatch(/^FATAL: the certificate of localhost:\d+ does not verify: .*-k/);
    expect(await type(COAP.replace(' -k', ''))).toMatchObject({ codes: [60, 1] });
    expect(await terminal.interrupt()).toBe(0);
  });

  it('is the same command with names: -k is not needed then', async () => {
    expect(await type(`${MAKE_CERTIFICATE} ${NAMES}`)).toMatchObject({ codes: [0] });
    await startProxy();
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      const { stdout, stderr, codes } = await type(VERIFYING.replace('localhost', host));
      expect({ stderr, codes }).toEqual({ stderr: '', codes: [0, 0] });
      expect(JSON.parse(stdout)).toHaveProperty('versions');
    }
    // Without --cacert nobody vouches for it.
    expect(await type(COAP.replace(' -k', ''))).toMatchObject({ codes: [60, 1] });
    expect(await terminal.interrupt()).toBe(0);
  });
});
