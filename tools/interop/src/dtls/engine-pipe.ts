import type { DatagramPipe } from '@lb-matrix/coap-endpoint';
import { DtlsClient } from '@lb-matrix/dtls-transport';
import { nodeCrypto } from '@lb-matrix/dtls-transport/node';
import type { CertificateFiles } from '../certificate.ts';
import { engineSocket } from './engine-socket.ts';

/**
 * A DTLS 1.2 session of our client that gives the server a connection id of 4 bytes, too: `connectDtls` has no use for one, as its
 * server does not move.
 */
export async function connectWithOwnId(port: number, certificate: CertificateFiles): Promise<DatagramPipe> {
  const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
  const client = new DtlsClient(
    { crypto: nodeCrypto, randomBytes, versions: ['1.2'], path: String(port), connectionId: { length: 4 } },
    performance.now(),
  );
  let settle: (error?: Error) => void = () => {};
  const connected = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined ? resolve() : reject(error));
  });
  const socket = await engineSocket(client, (event, now) => {
    if (event.type === 'peerCertificate') client.acceptPeer(certificate.spki, now);
    if (event.type === 'connected') settle();
    if (event.type === 'data') pipe.onDatagram?.(event.data, now);
    if (event.type === 'closed') settle(event.error ?? new Error('it has ended'));
  });
  const pipe: DatagramPipe = {
    get maxPayload() {
      return client.maxPayload;
    },
    peer: { address: '127.0.0.1', port, validated: true },
    send: (datagram) => socket.step(() => client.send(datagram)),
    close() {
      socket.step(() => client.close());
      socket.close();
    },
  };
  socket.step(() => {});
  await connected;
  return pipe;
}
