import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicKeyPin } from '@lb-matrix/dtls-transport';
import { connectDtls, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { sendJson, startHttpServer } from '@lb-matrix/scripted-http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chooseRawKey } from '../src/raw-key.ts';
import { connectLowBandwidth } from './support/low-bandwidth.ts';
import { startTestProxy } from './support/proxy.ts';
import { runCli } from './support/run-cli.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const NEXT = `sha256/${'A'.repeat(43)}=`;
const none = { rawKeyFile: undefined };
const pinIn = (text: string) => /sha256\/[\w+/]{43}=/.exec(text)?.[0];

describe('the raw key', () => {
  it('is made once and kept, for nobody else to read', () => {
    const env = { XDG_STATE_HOME: temporaryDirectory() };
    const path = join(env.XDG_STATE_HOME, 'lb-proxy', 'raw-key.pem');
    const { rawKey, remark } = chooseRawKey(none, env);
    expect(nodeCrypto.importSigningKey(rawKey!.privateKey).schemes).toEqual(['ed25519']);
    const pin = publicKeyPin(nodeCrypto.importSigningKey(rawKey!.privateKey).spki, nodeCrypto);
    expect(remark).toEqual({ level: 'info', text: `Raw public key ${pin}, kept in ${path}` });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    expect(chooseRawKey(none, env)).toEqual({ rawKey, pin, remark });
  });

  it('may be in a file of the operator’s, and is made there when it is absent', () => {
    const rawKeyFile = join(temporaryDirectory(), 'new', 'key.pem');
    const made = chooseRawKey({ rawKeyFile }, {});
    expect(readFileSync(rawKeyFile, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(chooseRawKey({ rawKeyFile }, {})).toEqual(made);
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(rawKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const own = chooseRawKey({ rawKeyFile }, {}).rawKey!.privateKey;
    expect(own).toEqual(new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })));
  });

  it.each([
    ['holds none', 'hello', /key\.pem: no private key in the PEM text/],
    [
      'holds one of another kind',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
      /key\.pem: not an Ed25519 key: make one with `openssl genpkey -algorithm ed25519`/,
    ],
  ])('is never made anew where the file %s: clients know the old one', (_, text, message) => {
    const rawKeyFile = join(temporaryDirectory(), 'key.pem');
    writeFileSync(rawKeyFile, text);
    expect(() => chooseRawKey({ rawKeyFile }, {})).toThrow(message);
    expect(readFileSync(rawKeyFile, 'utf8')).toBe(text);
  });

  it('is done without where it cannot be kept, unless the operator wants it', () => {
    const env = { XDG_STATE_HOME: temporaryDirectory() };
    mkdirSync(join(env.XDG_STATE_HOME, 'lb-proxy', 'raw-key.pem'), { recursive: true });
    expect(chooseRawKey(none, env)).toEqual({
      rawKey: undefined,
      remark: { level: 'warn', text: expect.stringContaining('No raw public key, as it cannot be kept: EISDIR') },
    });
    const rawKeyFile = join(env.XDG_STATE_HOME, 'lb-proxy', 'raw-key.pem');
    expect(() => chooseRawKey({ rawKeyFile }, {})).toThrow(/^--raw-key .*raw-key\.pem: EISDIR/);
  });
});

/** What /versions names. */
async function namedBy(port: number) {
  const response = await fetch(`http://127.0.0.1:${port}/_matrix/client/versions`);
  const { 'm.low_bandwidth': named } = (await response.json()) as { 'm.low_bandwidth': { raw_keys: string[] } };
  return named;
}

it('the proxy says its pin, names it and the next one over HTTP, and shows that key', async () => {
  const homeserver = await startHttpServer((_, response) => sendJson(response, 200, { versions: ['v1.15'] }));
  const flags = ['--advertise', 'http://127.0.0.1:8008', '--next-raw-key-pin', NEXT];
  const { port, lines } = await startTestProxy(homeserver, flags);
  const pin = pinIn(lines.find((line) => line.includes('Raw public key'))!)!;

  const named = await namedBy(port);
  expect(named).toMatchObject({ dtls: port, raw_keys: [pin, NEXT] });

  const pipe = await connectDtls({ host: '127.0.0.1', port, pins: named.raw_keys, versions: ['1.3'] });
  onTestFinished(() => pipe.close());
  expect(publicKeyPin(pipe.peer.rawKey!, nodeCrypto)).toBe(pin);
});

describe('read again', () => {
  const writeKey = (path: string): string => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return publicKeyPin(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })), nodeCrypto);
  };
  const versions = () => startHttpServer((_, response) => sendJson(response, 200, { versions: ['v1.15'] }));

  it('another key serves new sessions, /versions names it, and old sessions go on', async () => {
    const [path, next] = ['key.pem', 'next.pem'].map((name) => join(temporaryDirectory(), name)) as [string, string];
    const [pin, nextPin] = [writeKey(path), writeKey(next)];
    const flags = ['--advertise', 'http://127.0.0.1:8008', '--raw-key', path, '--next-raw-key-pin', nextPin];
    const { proxy, port, lines } = await startTestProxy(await versions(), flags);
    const greet = async (pins: string[]) =>
      (await connectDtls({ host: '127.0.0.1', port, pins, versions: ['1.3'] })).close();
    const session = await connectLowBandwidth(port);
    expect((await namedBy(port)).raw_keys).toEqual([pin, nextPin]);

    proxy.reload!();
    expect(lines.at(-1)).toContain(`The raw public key in ${path} has not changed`);
    writeFileSync(path, readFileSync(next));
    proxy.reload!();
    expect(lines.at(-1)).toContain(`Using the new raw public key ${nextPin} in ${path}`);
    await greet([nextPin]);
    await expect(greet([pin])).rejects.toMatchObject({ code: 'ERR_DTLS_CERTIFICATE' });
    expect((await namedBy(port)).raw_keys).toEqual([nextPin]);
    expect(await session.request('GET', '/_matrix/client/versions')).toMatchObject({ status: 200 });
  });

  it('the key in use stays where the file does not do, and none is made', async () => {
    const path = join(temporaryDirectory(), 'key.pem');
    const pin = writeKey(path);
    const { proxy, port, lines } = await startTestProxy(await versions(), ['--raw-key', path]);
    writeFileSync(path, 'half a k');
    proxy.reload!();
    expect(lines.at(-1)).toMatch(/^ERRO.*The raw public key that is in use stays.*key\.pem: no private key/);
    rmSync(path);
    proxy.reload!();
    expect(lines.at(-1)).toMatch(/^ERRO.*The raw public key that is in use stays.*key\.pem: no such file/);
    expect(existsSync(path)).toBe(false);
    (await connectDtls({ host: '127.0.0.1', port, pins: [pin], versions: ['1.3'] })).close();
  });

  it.skipIf(process.platform === 'win32')('SIGHUP does it', { timeout: 30_000 }, async () => {
    const path = join(temporaryDirectory(), 'key.pem');
    writeKey(path);
    const flags = ['--dtls-bind-addr', '127.0.0.1:0', '--log-format', 'text', '--raw-key', path];
    const cli = runCli(['-local', await versions(), ...flags]);
    await expect.poll(() => cli.stderr(), { timeout: 15_000 }).toContain('Try it');
    const pin = writeKey(path);
    cli.child.kill('SIGHUP');
    await expect.poll(() => cli.stderr(), { timeout: 15_000 }).toContain(`Using the new raw public key ${pin}`);
    cli.child.kill('SIGTERM');
    expect(await cli.exit).toBe(0);
  });
});
