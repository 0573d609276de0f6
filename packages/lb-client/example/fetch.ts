import { createSelfSignedCertificate } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { createLowBandwidthFetch } from '@lb-matrix/lb-client/node';
import { fromFetch } from '@lb-matrix/lb-server';
import { listenLowBandwidth } from '@lb-matrix/lb-server/node';

// A low-bandwidth server to talk to. A real one is lb-proxy in front of a homeserver, with a certificate that verifies.
const { key, pkcs8 } = generateSigningKey();
const certificate = createSelfSignedCertificate({
  key,
  crypto: nodeCrypto,
  commonName: 'example',
  ipAddresses: ['127.0.0.1'],
  notBefore: Date.now(),
  notAfter: Date.now() + 86_400_000,
  serialNumber: crypto.getRandomValues(new Uint8Array(16)),
});
const server = await listenLowBandwidth({
  host: '127.0.0.1',
  port: 0,
  certificate: { chain: [certificate], privateKey: pkcs8 },
  upstream: fromFetch(() => Response.json({ user_id: '@alice:example.org' })),
});

// The client. Without `server` it asks https://…/_matrix/client/versions where to go; without `roots` it trusts whom Node does.
const lbFetch = createLowBandwidthFetch({
  server: { host: '127.0.0.1', port: server.address.port },
  roots: [certificate],
  onFallback: ({ reason, url }) => console.log('over HTTPS:', reason, url),
});
lbFetch.connection.onState((state) => console.log('connection:', state));

const headers = { Authorization: 'Bearer secret' };
for (let i = 0; i < 3; i++) {
  const response = await lbFetch('https://matrix.example.org/_matrix/client/v3/account/whoami', { headers });
  console.log(response.status, await response.text());
}
const { requests, datagramsReceived, fallbacks } = lbFetch.stats();
console.log({ requests, fallbacks, answered: datagramsReceived > requests });

await lbFetch.close();
await server.close();
