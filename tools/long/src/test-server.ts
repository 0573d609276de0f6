import { Code } from '@lb-matrix/coap-codec';
import { type CoapServer, listen } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { createSelfSignedCertificate } from '@lb-matrix/dtls-transport';
import { type DtlsListenerHandle, generateSigningKey, listenDtls, nodeCrypto } from '@lb-matrix/dtls-transport/node';

/** A CoAP server over DTLS on a port of its own. */
export interface TestServer {
  readonly dtls: DtlsListenerHandle;
  readonly coap: CoapServer;
  /** SubjectPublicKeyInfo of its certificate. */
  readonly spki: Uint8Array;
}

/** Answers every request with the payload that it came with. */
export async function startServer(limits: { idleTimeout: number; maxPeers: number }): Promise<TestServer> {
  const { key, pkcs8 } = generateSigningKey();
  const certificate = createSelfSignedCertificate({
    key,
    crypto: nodeCrypto,
    commonName: 'long',
    ipAddresses: ['127.0.0.1'],
    notBefore: Date.now() - 60_000,
    notAfter: Date.now() + 86_400_000,
    serialNumber: nodePlatform.randomBytes(16),
  });
  const dtls = await listenDtls({
    host: '0.0.0.0',
    port: 0,
    certificate: { chain: [certificate], privateKey: pkcs8 },
    ...limits,
  });
  const coap = listen(dtls, {
    platform: nodePlatform,
    handler: async ({ payload }) => ({ code: Code.Content, options: [], payload }),
  });
  return { dtls, coap, spki: key.spki };
}
