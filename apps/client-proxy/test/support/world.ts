import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { createSelfSignedCertificate, publicKeyPin, writePem } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import type { ExchangeRecord, Upstream } from '@lb-matrix/lb-server';
import { listenLowBandwidth } from '@lb-matrix/lb-server/node';
import { onTestFinished } from 'vitest';
import { readCommandLine } from '../../src/command-line.ts';
import { createLog } from '../../src/log.ts';
import { type RunningClientProxy, startClientProxy } from '../../src/start-client-proxy.ts';

const { key, pkcs8 } = generateSigningKey();
const root = createSelfSignedCertificate({
  key,
  crypto: nodeCrypto,
  commonName: 'test',
  ipAddresses: ['127.0.0.1'],
  notBefore: Date.now() - 1000,
  notAfter: Date.now() + 3_600_000,
  serialNumber: Uint8Array.of(1),
});

const rawKey = new Uint8Array(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }));
/** The pin of the raw public key of {@link startServer}. */
export const serverPin: string = publicKeyPin(nodeCrypto.importSigningKey(rawKey).spki, nodeCrypto);

/** The certificate of {@link startServer} as a file for `--cacert`. */
export function rootFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lb-client-proxy-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'root.pem');
  writeFileSync(path, writePem('CERTIFICATE', root));
  return path;
}

/** A demo homeserver for the duration of a test; gives its URL. */
export async function startHomeserver(): Promise<string> {
  const homeserver = await startDemoHomeserver({ log: () => undefined });
  onTestFinished(() => homeserver.close());
  return homeserver.url;
}

/** An upstream that asks a homeserver over HTTP. */
export function overHttp(homeserver: string): Upstream {
  return async ({ method, target, headers, body, signal }) => {
    const response = await fetch(homeserver + target, {
      method,
      headers: headers.filter(([name]) => name !== 'content-length').map(([name, value]) => [name, value]),
      signal,
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
    const answered = [...response.headers].filter(([name]) => name !== 'content-length');
    return { status: response.status, headers: answered, body: new Uint8Array(await response.arrayBuffer()) };
  };
}

/** A low-bandwidth server on UDP; gives its `HOST:PORT`. */
export async function startServer(upstream: Upstream, onExchange?: (record: ExchangeRecord) => void): Promise<string> {
  const server = await listenLowBandwidth({
    host: '127.0.0.1',
    port: 0,
    versions: ['1.3', '1.2'],
    certificate: { chain: [root], privateKey: pkcs8 },
    rawKey: { privateKey: rawKey },
    upstream,
    onExchange,
  });
  onTestFinished(() => server.close({ graceful: 0 }));
  return `127.0.0.1:${server.address.port}`;
}

/** A client proxy in this process, and what it logs. */
export async function startTestProxy(
  flags: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly proxy: RunningClientProxy; readonly url: string; readonly lines: string[] }> {
  const argv = ['--http-bind-addr', '127.0.0.1:0', '--log-level', 'debug', ...flags];
  const settings = readCommandLine(argv, '0.0.0', env);
  if (typeof settings === 'string') throw new TypeError(settings);
  const lines: string[] = [];
  const log = createLog(settings.logLevel, 'text', { write: (line) => lines.push(line) });
  const proxy = await startClientProxy(settings, log, env);
  onTestFinished(() => proxy.close(0));
  return { proxy, url: proxy.url, lines };
}

/** A demo homeserver, a low-bandwidth server in front of it, and a client proxy that speaks with both. */
export async function startWorld(flags: readonly string[] = []) {
  const homeserver = await startHomeserver();
  const asked: string[] = [];
  const upstream = overHttp(homeserver);
  const server = await startServer((request) => {
    asked.push(`${request.method} ${request.target}`);
    return upstream(request);
  });
  const trust = flags.includes('-k') || flags.includes('--pin') ? [] : ['--cacert', rootFile()];
  const running = await startTestProxy(['-homeserver', homeserver, '--server', server, ...trust, ...flags]);
  return { ...running, homeserver, server, asked };
}
