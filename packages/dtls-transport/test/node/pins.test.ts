import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { publicKeyPin } from '../../src/crypto/public-key-pin.ts';
import { connectDtls } from '../../src/node/connect-dtls.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { listenDtls } from '../../src/node/listen-dtls.ts';
import type { ConnectDtlsOptions, ListenDtlsOptions } from '../../src/node/options.ts';
import type { DtlsClientPipe, DtlsPipe } from '../../src/node/pipe.ts';
import { readPemCertificates, readPemPrivateKey } from '../../src/x509/pem.ts';

const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), 'utf8');
const certificate = {
  chain: readPemCertificates(pem('server-certificate')),
  privateKey: readPemPrivateKey(pem('server-key')),
};
const rawKey = { privateKey: readPemPrivateKey(pem('ed25519-key')) };
const BOTH = ['1.3', '1.2'] as const;

const pinOf = (privateKey: Uint8Array) => publicKeyPin(nodeCrypto.importSigningKey(privateKey).spki, nodeCrypto);
const rawPin = pinOf(rawKey.privateKey);
const certificatePin = pinOf(certificate.privateKey);
const strangePin = publicKeyPin(new Uint8Array(44), nodeCrypto);

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function listen(options: Partial<ListenDtlsOptions>) {
  const listener = await listenDtls({ host: '127.0.0.1', port: 0, versions: BOTH, ...options });
  cleanUps.push(() => listener.close());
  listener.onPipe = (pipe) => {
    pipe.onDatagram = (datagram) => pipe.send(datagram);
  };
  return listener;
}

async function connect(port: number, options: Partial<ConnectDtlsOptions>): Promise<DtlsClientPipe> {
  const pipe = await connectDtls({ host: '127.0.0.1', port, versions: BOTH, ...options });
  cleanUps.push(() => pipe.close());
  return pipe;
}

async function echo(pipe: DtlsClientPipe): Promise<void> {
  const echoed = new Promise<string>((resolve) => {
    pipe.onDatagram = (datagram) => resolve(new TextDecoder().decode(datagram));
  });
  pipe.send(new TextEncoder().encode('hello'));
  expect(await echoed).toBe('hello');
}

describe('a pinned server', () => {
  test('shows its raw key, and no certificate', async () => {
    const { address } = await listen({ certificate, rawKey });
    const pipe = await connect(address.port, { pins: [rawPin] });
    await echo(pipe);
    expect(pipe.protocol).toMatchObject({ version: 'DTLS 1.3', group: 'x25519' });
    expect(pipe.peer).toMatchObject({
      certificates: [],
      rawKey: nodeCrypto.importSigningKey(rawKey.privateKey).spki,
    });
  });

  test('needs no certificate at all', async () => {
    const { address } = await listen({ rawKey });
    await echo(await connect(address.port, { pins: [rawPin] }));
  });

  test('may have any of the pins: the next key is known before it is in use', async () => {
    const { address } = await listen({ rawKey });
    await echo(await connect(address.port, { pins: [strangePin, rawPin] }));
  });

  test.each([
    ['1.3', BOTH],
    ['1.2', ['1.2']],
  ] as const)('may show a certificate with a pinned key, in DTLS %s', async (version, versions) => {
    const { address } = await listen({ certificate, versions });
    // The certificate is for another name, and leads to no root.
    const pipe = await connect(address.port, { pins: [certificatePin], serverName: 'elsewhere.example' });
    await echo(pipe);
    expect(pipe.protocol.version).toBe(`DTLS ${version}`);
    expect(pipe.peer).toMatchObject({ certificates: certificate.chain, rawKey: undefined });
  });

  test('has its first answer after four datagrams: what is said at once leaves with what ends the handshake', async () => {
    const { address } = await listen({ rawKey });
    const pipe = await connect(address.port, { pins: [rawPin], versions: ['1.3'] });
    await echo(pipe);
    expect(pipe.stats()).toMatchObject({ datagramsSent: 2, datagramsReceived: 2, roundTrips: 2 });
  });

  test('knows who has come also when nothing is said', async () => {
    const listener = await listen({ rawKey });
    const came = new Promise<DtlsPipe>((resolve) => {
      listener.onPipe = resolve;
    });
    await connect(listener.address.port, { pins: [rawPin] });
    expect((await came).protocol.version).toBe('DTLS 1.3');
  });

  test('leaves others their certificate', async () => {
    const { address } = await listen({ certificate, rawKey });
    const pipe = await connect(address.port, { roots: certificate.chain });
    await echo(pipe);
    expect(pipe.peer).toMatchObject({ certificates: certificate.chain, rawKey: undefined });
  });
});

describe('a server that is not pinned is refused, and nothing is said to it:', () => {
  test.each([
    ['another raw key', { certificate, rawKey }, BOTH, rawPin],
    ['a certificate, which roots would accept', { certificate }, BOTH, certificatePin],
    ['a certificate in DTLS 1.2', { certificate, versions: ['1.2'] as const }, BOTH, certificatePin],
  ])('%s', async (_name, options, versions, shown) => {
    const listener = await listen(options);
    const pipes: unknown[] = [];
    listener.onPipe = (pipe) => void pipes.push(pipe);
    await expect(connect(listener.address.port, { versions, pins: [strangePin] })).rejects.toMatchObject({
      code: 'ERR_DTLS_CERTIFICATE',
      reason: 'pin-mismatch',
      message: `the public key has the pin ${shown}, and not ${strangePin}`,
    });
    expect(pipes).toEqual([]);
  });
});

test.each([
  ['no pin', { pins: [] }],
  ['text', { pins: ['sha256/x'] }],
  ['one pin and text', { pins: [rawPin, rawPin.slice(0, -1)] }],
  ['roots beside them', { pins: [rawPin], roots: certificate.chain }],
  ['a shared key beside them', { pins: [rawPin], psk: { identity: 'x', key: new Uint8Array(16) } }],
  ['no verification beside them', { pins: [rawPin], dangerouslySkipVerification: true }],
])('%s: refused before anything is sent', async (_name, options) => {
  await expect(connect(1, options)).rejects.toMatchObject({ code: 'ERR_DTLS_REFUSED', reason: 'bad-option' });
});

describe('a listener that asks clients for a pinned key', () => {
  const asks = (...pins: string[]) => ({ certificate, requestClientCertificate: { pins, required: true } });
  const server = { roots: certificate.chain, serverName: 'localhost' };

  async function firstPeer(listener: Partial<ListenDtlsOptions>, client: Partial<ConnectDtlsOptions>) {
    const { address } = await listen(listener).then((handle) => {
      const { onPipe } = handle;
      handle.onPipe = (pipe) => {
        pipes.push(pipe);
        onPipe?.(pipe);
      };
      return handle;
    });
    const pipes: DtlsPipe[] = [];
    await echo(await connect(address.port, { ...server, ...client }));
    return pipes[0]!.peer;
  }

  test('takes it alone', async () => {
    const { spki } = nodeCrypto.importSigningKey(rawKey.privateKey);
    const peer = await firstPeer(asks(strangePin, rawPin), { clientRawKey: rawKey });
    expect(peer).toMatchObject({ certificates: [], rawKey: spki });
  });

  test.each<[string, ConnectDtlsOptions['versions']]>([
    ['1.3', BOTH],
    ['1.2', ['1.2']],
  ])('takes it in a certificate, whoever has issued that, in DTLS %s', async (_name, versions) => {
    const peer = await firstPeer(asks(certificatePin), { clientCertificate: certificate, versions });
    expect(peer).toMatchObject({ certificates: certificate.chain, rawKey: undefined });
  });

  test('takes no other', async () => {
    const { address } = await listen(asks(strangePin));
    const pipe = await connect(address.port, { ...server, clientRawKey: rawKey });
    // A client is done with its Finished; what the listener thinks of its key comes after that.
    const reason = new Promise((resolve) => {
      pipe.onClose = resolve;
    });
    expect(await reason).toMatchObject({ alertName: 'bad_certificate' });
  });

  test.each([
    ['neither roots nor pins', {}],
    ['both', { pins: [rawPin], roots: certificate.chain }],
    ['text for a pin', { pins: ['x'] }],
  ])('with %s is refused', async (_name, request) => {
    await expect(
      listen({ certificate, requestClientCertificate: { required: true, ...request } }),
    ).rejects.toMatchObject({ reason: 'bad-option' });
  });
});
