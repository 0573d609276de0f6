import { createSocket, type Socket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import type { DtlsVersionNumber } from '../../src/engine-options.ts';
import { connectDtls } from '../../src/node/connect-dtls.ts';
import { generateSigningKey, nodeCrypto } from '../../src/node/crypto-provider.ts';
import { listenDtls } from '../../src/node/listen-dtls.ts';
import type { DtlsPipe } from '../../src/node/pipe.ts';
import { createSelfSignedCertificate } from '../../src/x509/create-certificate.ts';

const { key, pkcs8 } = generateSigningKey();
const certificate = {
  chain: [
    createSelfSignedCertificate({
      key,
      crypto: nodeCrypto,
      commonName: 'test',
      ipAddresses: ['127.0.0.1'],
      notBefore: 0,
      notAfter: Date.UTC(2049, 0),
      serialNumber: Uint8Array.of(1),
    }),
  ],
  privateKey: pkcs8,
};

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  cleanUps.push(() => socket.close());
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

/** A NAT in front of a port: `rebind` gives the client another port there. */
async function nat(port: number): Promise<{ readonly port: number; rebind(): Promise<number> }> {
  const inner = await bound();
  let client = 0;
  let outer: Socket;
  const rebind = async () => {
    outer = await bound();
    outer.on('message', (datagram) => inner.send(datagram, client, '127.0.0.1'));
    return outer.address().port;
  };
  inner.on('message', (datagram, from) => {
    client = from.port;
    outer.send(datagram, port, '127.0.0.1');
  });
  await rebind();
  return { port: inner.address().port, rebind };
}

function echo(pipe: DtlsPipe, content: string): Promise<string> {
  return new Promise((resolve) => {
    pipe.onDatagram = (datagram) => resolve(new TextDecoder().decode(datagram));
    pipe.send(new TextEncoder().encode(content));
  });
}

test.each(['1.3', '1.2'] as const)(
  'a pipe of DTLS %s goes on when the port changes, and tells the new one',
  async (version) => {
    const versions: readonly DtlsVersionNumber[] = [version];
    const listener = await listenDtls({ host: '127.0.0.1', port: 0, certificate, versions });
    cleanUps.push(() => listener.close());
    const pipes: DtlsPipe[] = [];
    listener.onPipe = (pipe) => {
      pipes.push(pipe);
      pipe.onDatagram = (datagram) => pipe.send(datagram);
    };
    const { port, rebind } = await nat(listener.address.port);
    const client = await connectDtls({
      host: '127.0.0.1',
      port,
      roots: certificate.chain,
      versions,
      connectionIds: true,
    });
    cleanUps.push(() => client.close());
    expect(await echo(client, 'before')).toBe('before');
    for (let step = 0; step < 5; step++) {
      const moved = await rebind();
      expect(await echo(client, `step ${step}`)).toBe(`step ${step}`);
      await expect.poll(() => pipes[0]!.peer.port).toBe(moved);
    }
    expect(pipes).toHaveLength(1);
    expect(pipes[0]!.peer).toMatchObject({ address: '127.0.0.1', validated: true });
  },
);
