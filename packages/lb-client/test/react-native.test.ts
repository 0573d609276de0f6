import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createSelfSignedCertificate } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { listenLowBandwidth } from '@lb-matrix/lb-server/node';
import { fflateDeflate } from '@lb-matrix/msc3079-mapper/fflate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mobilePlatform } from '../example/react-native/platform.ts';
import { createLowBandwidthFetch } from '../src/index.ts';
import { json } from './support/homeserver.ts';

const { key, pkcs8 } = generateSigningKey();
const root = createSelfSignedCertificate({
  key,
  crypto: nodeCrypto,
  commonName: 'test',
  dnsNames: ['localhost'],
  notBefore: Date.now() - 1000,
  notAfter: Date.now() + 3_600_000,
  serialNumber: Uint8Array.of(1),
});

/** Bytes of each request's body, as it came over UDP. */
const requestBytes: number[] = [];

async function listening(port = 0) {
  const server = await listenLowBandwidth({
    host: '127.0.0.1',
    port,
    certificate: { chain: [root], privateKey: pkcs8 },
    upstream: async ({ target }) => json(200, { target }),
    onExchange: ({ requestBytes: bytes }) => void requestBytes.push(bytes),
  });
  onTestFinished(() => server.close({ graceful: 0 }));
  return server;
}

function phone(port: number, roots: readonly Uint8Array[]) {
  const reasons: string[] = [];
  const fetch = createLowBandwidthFetch({
    platform: mobilePlatform({
      createSocket: () => createSocket('udp4'),
      randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      roots,
    }),
    server: { host: 'localhost', port },
    tables: 2,
    lean: true,
    compression: { deflate: fflateDeflate() },
    fetch: async () => Response.json({ over: 'https' }),
    onFallback: ({ reason }) => void reasons.push(reason),
  });
  onTestFinished(() => fetch.close());
  const whoami = async () => (await fetch('http://localhost/_matrix/client/v3/account/whoami')).json();
  return { fetch, whoami, reasons };
}

describe('the platform of docs/react-native.md', () => {
  it('stands there as it is run here', () => {
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
    expect(read('../../../docs/react-native.md')).toContain(
      `\`\`\`ts\n${read('../example/react-native/platform.ts')}\`\`\``,
    );
  });

  it('asks over DTLS, and over a new connection when the server was started anew', async () => {
    const first = await listening();
    const { port } = first.address;
    const { fetch, whoami, reasons } = phone(port, [root]);
    expect(await whoami()).toEqual({ target: '/_matrix/client/v3/account/whoami' });
    expect(fetch.connection.state).toBe('connected');
    await first.close({ graceful: 0 });
    await listening(port);
    expect(await whoami()).toEqual({ target: '/_matrix/client/v3/account/whoami' });
    expect(reasons).toEqual([]);
    expect(fetch.stats().bytesSent).toBeGreaterThan(500);
  });

  it('compresses, by fflate, as its last lines ask for', async () => {
    const page = readFileSync(new URL('../../../docs/react-native.md', import.meta.url), 'utf8');
    expect(page).toContain('  tables: 2,\n  lean: true,\n  compression: { deflate: fflateDeflate() },\n});');
    const { address } = await listening();
    const { fetch, whoami } = phone(address.port, [root]);
    await whoami();
    const body = JSON.stringify({ msgtype: 'm.text', body: 'Hello World '.repeat(50) });
    await fetch('http://localhost/_matrix/client/v3/rooms/!r:l/send/m.room.message/1', { method: 'PUT', body });
    expect(requestBytes.at(-1)).toBeLessThan(40);
  });

  it('does not talk to a server that it does not trust', async () => {
    const { address } = await listening();
    const { whoami, reasons } = phone(address.port, []);
    expect(await whoami()).toEqual({ over: 'https' });
    expect(reasons).toEqual(['unreachable']);
  });
});
