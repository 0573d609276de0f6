import { createSelfSignedCertificate } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { listenLowBandwidth } from '@lb-matrix/lb-server/node';
import { expect, it, onTestFinished } from 'vitest';
import { createLowBandwidthFetch } from '../src/node.ts';
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

const PATH = 'http://127.0.0.1/_matrix/client/v3';
const UNKNOWN = json(401, { errcode: 'M_UNKNOWN_TOKEN', error: 'logged out' });

it('a token that ends while its /sync is observed is unknown, not missing', async () => {
  let revoke: (() => void) | undefined;
  let told = 0;
  const server = await listenLowBandwidth({
    host: '127.0.0.1',
    port: 0,
    certificate: { chain: [root], privateKey: pkcs8 },
    upstream: async ({ target, headers }) => {
      if (target.endsWith('/versions')) return json(200, { versions: [] });
      if (!headers.some(([name]) => name === 'authorization')) {
        return json(401, { errcode: 'M_MISSING_TOKEN', error: 'missing' });
      }
      if (!target.includes('/sync')) return UNKNOWN;
      if (!target.includes('since=')) return json(200, { next_batch: 's1', presence: { events: [] } });
      if (revoke === undefined) await new Promise<void>((resolve) => (revoke = resolve));
      told += 1;
      return UNKNOWN;
    },
  });
  onTestFinished(() => server.close({ graceful: 0 }));
  const fetch = createLowBandwidthFetch({ server: { host: '127.0.0.1', port: server.address.port }, roots: [root] });
  onTestFinished(() => fetch.close());
  const ask = async (path: string) =>
    (await fetch(`${PATH}${path}`, { headers: { authorization: 'Bearer secret' } })).json();

  expect(await ask('/sync?timeout=0')).toMatchObject({ next_batch: 's1' });
  expect(await ask('/sync?timeout=1&since=s1')).toEqual({ next_batch: 's1' });
  await expect.poll(() => revoke, { timeout: 10_000 }).toBeDefined();
  revoke!();
  await expect.poll(() => told, { timeout: 10_000 }).toBe(1);
  // The push with the error waits for the next /sync; meanwhile the app does something else.
  for (let n = 0; n < 3; n += 1) expect(await ask('/account/whoami')).toMatchObject({ errcode: 'M_UNKNOWN_TOKEN' });
});
