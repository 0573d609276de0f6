import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { readPemCertificates, readPemPrivateKey } from '../../src/index.ts';
import { connectDtls, type DtlsPipe, type DtlsVersionNumber, listenDtls } from '../../src/node.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), 'utf8');
const chain = readPemCertificates(fixture('server-certificate'));
const certificate = { chain, privateKey: readPemPrivateKey(fixture('server-key')) };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Both ends of a pipe whose server echoes, the handshake behind them. */
async function connected(version: DtlsVersionNumber) {
  const listener = await listenDtls({ host: '127.0.0.1', port: 0, certificate });
  cleanUps.push(() => listener.close());
  let server!: DtlsPipe;
  listener.onPipe = (pipe) => {
    server = pipe;
    pipe.onDatagram = (datagram) => pipe.send(datagram);
  };
  const options = { host: '127.0.0.1', port: listener.address.port, roots: chain, versions: [version] } as const;
  const client = await connectDtls(options);
  cleanUps.push(() => client.close());
  expect(await echo(client, 'hello')).toBe('hello');
  return { client, server };
}

function echo(pipe: DtlsPipe, content: string): Promise<string> {
  return new Promise((resolve) => {
    pipe.onDatagram = (datagram) => resolve(new TextDecoder().decode(datagram));
    pipe.send(new TextEncoder().encode(content));
  });
}

test('either end changes the keys of both, one change at a time, and data goes on', async () => {
  const ends = await connected('1.3');
  for (const by of ['client', 'server', 'server', 'client'] as const) {
    expect(await echo(ends.client, `before ${by}`)).toBe(`before ${by}`);
    await expect.poll(() => ends[by].updateKeys()).toBe(true);
    expect(ends[by].updateKeys()).toBe(false);
    expect(await echo(ends.client, `after ${by}`)).toBe(`after ${by}`);
  }
});

test('DTLS 1.2 has no such thing, nor has a pipe that has ended', async () => {
  const older = await connected('1.2');
  expect([older.client.updateKeys(), older.server.updateKeys()]).toEqual([false, false]);
  const { client } = await connected('1.3');
  client.close();
  expect(client.updateKeys()).toBe(false);
});
