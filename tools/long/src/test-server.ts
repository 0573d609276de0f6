import { Code } from '@lb-matrix/coap-codec';
import { type CoapServer, listen } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { type DtlsListenerHandle, listenDtls } from '@lb-matrix/dtls-transport/node';
import { testCertificate } from './certificate.ts';

/** A CoAP server over DTLS on a port of its own. */
export interface TestServer {
  readonly dtls: DtlsListenerHandle;
  readonly coap: CoapServer;
  /** SubjectPublicKeyInfo of its certificate. */
  readonly spki: Uint8Array;
}

/** Answers every request with the payload that it came with. */
export async function startServer(limits: { idleTimeout: number; maxPeers: number }): Promise<TestServer> {
  const { chain, privateKey, spki } = testCertificate();
  const dtls = await listenDtls({
    host: '0.0.0.0',
    port: 0,
    certificate: { chain, privateKey },
    ...limits,
  });
  const coap = listen(dtls, {
    platform: nodePlatform,
    handler: async ({ payload }) => ({ code: Code.Content, options: [], payload }),
  });
  return { dtls, coap, spki };
}
