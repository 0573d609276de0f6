import { generateKeyPairSync } from 'node:crypto';
import { createSelfSignedCertificate, publicKeyPin } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { type ListeningServer, type ListenLowBandwidthOptions, listenLowBandwidth } from '@lb-matrix/lb-server/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLowBandwidthFetch, type NodeLowBandwidthFetchOptions } from '../src/node.ts';
import { json } from './support/homeserver.ts';

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

/** A server on a UDP port, whose homeserver says who is asking. */
async function listening(port = 0, options: Partial<ListenLowBandwidthOptions> = {}) {
  const server = await listenLowBandwidth({
    host: '127.0.0.1',
    port,
    certificate: { chain: [root], privateKey: pkcs8 },
    versions: ['1.3', '1.2'],
    ...options,
    upstream: async ({ target, headers }) =>
      target === '/_matrix/client/versions'
        ? json(200, { versions: [] })
        : json(200, { token: headers.find(([name]) => name === 'authorization')?.[1] ?? null }),
  });
  onTestFinished(() => server.close({ graceful: 0 }));
  return server;
}

/** A key to show without a certificate. */
function rawKeyPair() {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pkcs8 = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }));
  return { privateKey: pkcs8, pin: publicKeyPin(nodeCrypto.importSigningKey(pkcs8).spki, nodeCrypto) };
}

/** HTTPS to a server in this process, as a client sees it that has verified it. */
function overHttps(server: ListeningServer): typeof fetch {
  return async (input) => {
    const target = new URL(input instanceof Request ? input.url : input).pathname;
    const { status, body } = await server.handleHttp({ method: 'GET', target, headers: [] });
    return new Response(new TextDecoder().decode(body), { status });
  };
}

function client(options: NodeLowBandwidthFetchOptions) {
  const fallbacks: string[] = [];
  const fetch = createLowBandwidthFetch({ onFallback: ({ reason }) => void fallbacks.push(reason), ...options });
  onTestFinished(() => fetch.close());
  return { fetch, fallbacks };
}

const WHOAMI = 'http://127.0.0.1/_matrix/client/v3/account/whoami';
const SECURE = WHOAMI.replace('http:', 'https:');
const authorized = { headers: { authorization: 'Bearer secret' } };

describe('on Node', () => {
  it('asks over DTLS, with a certificate that verifies, on one connection for each token', async () => {
    const { address } = await listening();
    const { fetch, fallbacks } = client({ server: { host: '127.0.0.1', port: address.port }, roots: [root] });
    expect(await (await fetch(WHOAMI, authorized)).json()).toEqual({ token: 'Bearer secret' });
    expect(await (await fetch(WHOAMI)).json()).toEqual({ token: null });
    expect(fallbacks).toEqual([]);
    expect(fetch.connection.state).toBe('connected');
    expect(fetch.stats()).toMatchObject({ requests: 2, fallbacks: 0 });
    expect(fetch.stats().bytesReceived).toBeGreaterThan(1000);
  });

  it('finds the server by /versions over HTTP', async () => {
    const server = await listening();
    const { fetch, fallbacks } = client({
      roots: [root],
      fetch: overHttps(server),
    });
    expect(await (await fetch(WHOAMI, authorized)).json()).toEqual({ token: 'Bearer secret' });
    expect(fallbacks).toEqual([]);
  });

  it('finds the key of the server by /versions over HTTPS, and needs no certificate then', async () => {
    const rawKey = rawKeyPair();
    const server = await listening(0, { certificate: undefined, rawKey, nextRawKeyPin: rawKeyPair().pin });
    const { fetch, fallbacks } = client({ fetch: overHttps(server) });
    expect(await (await fetch(SECURE, authorized)).json()).toEqual({ token: 'Bearer secret' });
    expect(fallbacks).toEqual([]);
    const { datagramsSent, datagramsReceived } = fetch.stats();
    expect([datagramsSent, datagramsReceived]).toEqual([2, 2]);
  });

  it('turns away from a server with another key, whatever its certificate says', async () => {
    const { address } = await listening(0, { rawKey: rawKeyPair() });
    const impostor = client({
      server: { host: '127.0.0.1', port: address.port },
      pins: [rawKeyPair().pin],
      fetch: async () => Response.json({ over: 'https' }),
    });
    expect(await (await impostor.fetch(SECURE, authorized)).json()).toEqual({ over: 'https' });
    expect(impostor.fallbacks).toEqual(['pin_mismatch']);
  });

  it('trusts whom it is told to trust, whatever /versions names', async () => {
    const named = await listening(0, { rawKey: rawKeyPair() });
    const { fetch, fallbacks } = client({ roots: [root], fetch: overHttps(named) });
    await fetch(SECURE, authorized);
    expect(fallbacks).toEqual([]);
    const stranger = client({ pins: [rawKeyPair().pin], fetch: overHttps(named) });
    await stranger.fetch(SECURE, authorized);
    expect(stranger.fallbacks).toEqual(['pin_mismatch']);
  });

  it('falls back where nobody listens, and where the certificate is not trusted', async () => {
    const { address } = await listening();
    const stand = async () => Response.json({ over: 'https' });
    const untrusting = client({ server: { host: '127.0.0.1', port: address.port }, fetch: stand });
    expect(await (await untrusting.fetch(WHOAMI)).json()).toEqual({ over: 'https' });
    const nobody = client({ server: { host: '127.0.0.1', port: 9 }, fetch: stand });
    expect(await (await nobody.fetch(WHOAMI)).json()).toEqual({ over: 'https' });
    expect([...untrusting.fallbacks, ...nobody.fallbacks]).toEqual(['unreachable', 'unreachable']);
    expect(nobody.fetch.connection.state).toBe('fallback');
  });

  it('notices a server that was started anew, by the alert for what it does not know', async () => {
    const first = await listening();
    const { port } = first.address;
    const { fetch, fallbacks } = client({ server: { host: '127.0.0.1', port }, roots: [root] });
    await fetch(WHOAMI, authorized);
    await first.close({ graceful: 0 });
    await listening(port);
    expect(await (await fetch(WHOAMI, authorized)).json()).toEqual({ token: 'Bearer secret' });
    expect(fallbacks).toEqual([]);
  });
});
