import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answeringHomeserver, bulkHandler, recordedAnswers } from '@lb-matrix/bad-links';
import { listen } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { publicKeyPin } from '@lb-matrix/dtls-transport';
import { listenDtls, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { listenLowBandwidth } from '@lb-matrix/lb-server/node';

/** What clients measure, on all addresses, in this process. */
export interface LinkServers {
  /** UDP: CoAP with something large, and low bandwidth in front of a homeserver. Both in DTLS 1.3 with a raw key. */
  readonly bulkPort: number;
  readonly matrixPort: number;
  readonly pin: string;
  /** What the latter's /versions says over HTTPS. */
  readonly versions: string;
  /** The same homeserver, over HTTP. */
  readonly homeserver: string;
  close(): Promise<void>;
}

/** `agrees`: the bulk server agrees on more than RFC 7252 and RFC 7959. */
export async function startLinkServers(agrees: boolean): Promise<LinkServers> {
  const privateKey = new Uint8Array(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }));
  const upstream = answeringHomeserver(recordedAnswers);
  const bulk = await listenDtls({ host: '0.0.0.0', port: 0, rawKey: { privateKey } });
  const coap = listen(bulk, { platform: nodePlatform, handler: bulkHandler(agrees) });
  const matrix = await listenLowBandwidth({ host: '0.0.0.0', port: 0, rawKey: { privateKey }, upstream });
  const { body } = await matrix.handleHttp({ method: 'GET', target: '/_matrix/client/versions', headers: [] });
  const http = createServer(async ({ method = 'GET', url: target = '/' }, response) => {
    const answer = await upstream({ method, target, headers: [], signal: new AbortController().signal });
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(answer.body);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    bulkPort: bulk.address.port,
    matrixPort: matrix.address.port,
    pin: publicKeyPin(nodeCrypto.importSigningKey(privateKey).spki, nodeCrypto),
    versions: new TextDecoder().decode(body),
    homeserver: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async close() {
      await coap.close();
      await matrix.close({ graceful: 0 });
      http.close();
    },
  };
}
