import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readPemCertificates, readPemPrivateKey } from '../../src/index.ts';
import { connectDtls, type DtlsVersionNumber, listenDtls } from '../../src/node.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), 'utf8');
const chain = readPemCertificates(fixture('server-certificate'));
const certificate = { chain, privateKey: readPemPrivateKey(fixture('server-key')) };

/** The version that comes of it, as both sides tell it, once an echo has passed. */
async function versionOf(ours?: readonly DtlsVersionNumber[], theirs?: readonly DtlsVersionNumber[]) {
  const listener = await listenDtls({ host: '127.0.0.1', port: 0, certificate, versions: theirs });
  let seen: string | undefined;
  listener.onPipe = (pipe) => {
    seen = pipe.protocol.version;
    pipe.onDatagram = (datagram) => pipe.send(datagram);
  };
  try {
    const { port } = listener.address;
    const pipe = await connectDtls({ host: '127.0.0.1', port, roots: chain, versions: ours, handshakeTimeout: 5_000 });
    const echo = new Promise<string>((resolve) => {
      pipe.onDatagram = (datagram) => resolve(new TextDecoder().decode(datagram));
    });
    pipe.send(new TextEncoder().encode('hello'));
    expect(await echo).toBe('hello');
    expect(seen).toBe(pipe.protocol.version);
    pipe.close();
    return pipe.protocol.version;
  } finally {
    await listener.close();
  }
}

test.each([
  ['a client asks for both', ['1.3', '1.2'], undefined, 'DTLS 1.3'],
  ['a client asks for 1.3', ['1.3'], undefined, 'DTLS 1.3'],
  ['a client asks for 1.2', ['1.2'], undefined, 'DTLS 1.2'],
  ['neither is told anything', undefined, undefined, 'DTLS 1.3'],
  ['the listener alone has only 1.2', undefined, ['1.2'], 'DTLS 1.2'],
] as const)('%s', async (_name, ours, theirs, version) => {
  expect(await versionOf(ours, theirs)).toBe(version);
});

test('a client of 1.3 alone and a listener of 1.2 alone have nothing in common', async () => {
  await expect(versionOf(['1.3'], ['1.2'])).rejects.toMatchObject({ code: 'ERR_DTLS_PEER' });
});
