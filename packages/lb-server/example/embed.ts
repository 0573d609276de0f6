import { connect } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { createSelfSignedCertificate } from '@lb-matrix/dtls-transport';
import { connectDtls, generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { fromFetch } from '@lb-matrix/lb-server';
import { listenLowBandwidth } from '@lb-matrix/lb-server/node';
import { createClientSession, requestToCoap, responseToHttp } from '@lb-matrix/msc3079-mapper';

// A certificate. Yours may come from PEM files: readPemCertificates, readPemPrivateKey.
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

// The homeserver: any (Request) => Response, such as Hono's app.fetch. `fromFetch(fetch, 'https://…')` is one elsewhere.
const homeserver = (request: Request): Response =>
  Response.json({ user_id: '@alice:example.org', path: new URL(request.url).pathname });

const server = await listenLowBandwidth({
  host: '127.0.0.1',
  port: 0,
  certificate: { chain: [certificate], privateKey: pkcs8 },
  upstream: fromFetch(homeserver),
  onExchange: ({ method, path, status }) => console.log('server:', method, path, status),
});

// A client, to see it work.
const pipe = await connectDtls({ host: '127.0.0.1', port: server.address.port, roots: [certificate] });
const client = connect(pipe, { platform: nodePlatform });
const session = createClientSession();
const target = '/_matrix/client/v3/account/whoami';
const request = requestToCoap({ method: 'GET', target, headers: [['authorization', 'Bearer secret']] }, session);
const { status, body } = responseToHttp(await client.request(request), request, session);
console.log('client:', status, new TextDecoder().decode(body));

client.close();
await server.close();
