import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Handler, type IncomingRequest, listen, type PipeListener } from '@lb-matrix/coap-endpoint';
import { listenUdp, nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { createSelfSignedCertificate, writePem } from '@lb-matrix/dtls-transport';
import { generateSigningKey, type ListenDtlsOptions, listenDtls, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { mapperOptionRegistry } from '@lb-matrix/msc3079-mapper';

/** A CoAP server in this process. */
export interface TestServer {
  readonly port: number;
  /** All requests so far. */
  readonly requests: readonly IncomingRequest[];
  close(): Promise<void>;
}

/** A CoAP server over plain UDP. */
export async function plainServer(handler: Handler, host = '127.0.0.1'): Promise<TestServer> {
  return serve(await listenUdp({ host, port: 0 }), handler);
}

/** A CoAP server over DTLS, on a free port of loopback unless told otherwise. */
export async function dtlsServer(handler: Handler, options: Partial<ListenDtlsOptions>): Promise<TestServer> {
  return serve(await listenDtls({ host: '127.0.0.1', port: 0, versions: ['1.3', '1.2'], ...options }), handler);
}

function serve(listener: PipeListener & { readonly address: { readonly port: number } }, handler: Handler): TestServer {
  const requests: IncomingRequest[] = [];
  const server = listen(listener, {
    platform: nodePlatform,
    optionRegistry: mapperOptionRegistry,
    handler: (request) => {
      requests.push(request);
      return handler(request);
    },
  });
  return { port: listener.address.port, requests, close: () => server.close() };
}

/** A UDP port that answers every datagram alike, or none, and what arrived there. */
export async function blackHole({ reply }: { readonly reply?: Uint8Array } = {}): Promise<{
  readonly port: number;
  readonly datagrams: readonly Uint8Array[];
  close(): void;
}> {
  const socket = createSocket('udp4');
  const datagrams: Uint8Array[] = [];
  socket.on('message', (datagram, { port, address }) => {
    datagrams.push(datagram);
    if (reply !== undefined) socket.send(reply, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, datagrams, close: () => socket.close() };
}

/** A UDP port of 127.0.0.1 where nobody listens. */
export async function closedPort(): Promise<number> {
  const { port, close } = await blackHole();
  close();
  return port;
}

export interface TestCertificate {
  readonly chain: Uint8Array[];
  readonly privateKey: Uint8Array;
  readonly pem: string;
  readonly keyPem: string;
}

/** A self-signed certificate that is valid now. */
export function testCertificate(names: {
  readonly dnsNames?: string[];
  readonly ipAddresses?: string[];
}): TestCertificate {
  const { key, pkcs8 } = generateSigningKey();
  const day = 86_400_000;
  const der = createSelfSignedCertificate({
    key,
    crypto: nodeCrypto,
    commonName: 'coap test',
    ...names,
    notBefore: Date.now() - day,
    notAfter: Date.now() + day,
    serialNumber: randomBytes(16),
  });
  return { chain: [der], privateKey: pkcs8, pem: writePem('CERTIFICATE', der), keyPem: writePem('PRIVATE KEY', pkcs8) };
}
