import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { publicKeyPin } from '../../src/crypto/public-key-pin.ts';
import { connectDtls } from '../../src/node/connect-dtls.ts';
import { generateSigningKey, nodeCrypto } from '../../src/node/crypto-provider.ts';
import { listenDtls } from '../../src/node/listen-dtls.ts';
import type { CertificateAndKey, ConnectDtlsOptions, ListenDtlsOptions } from '../../src/node/options.ts';
import type { DtlsClientPipe, DtlsPipe } from '../../src/node/pipe.ts';
import { ALERT } from '../../src/wire/alert.ts';
import { createSelfSignedCertificate } from '../../src/x509/create-certificate.ts';
import { readPemCertificates, readPemPrivateKey } from '../../src/x509/pem.ts';
import type { FixtureName } from '../support/fixture-identity.ts';

function fixture(name: FixtureName): CertificateAndKey {
  const read = (what: string) => readFileSync(new URL(`../fixtures/${name}-${what}.pem`, import.meta.url), 'utf8');
  return { chain: readPemCertificates(read('certificate')), privateKey: readPemPrivateKey(read('key')) };
}

const [server, rsa, ed25519, client] = [fixture('server'), fixture('rsa'), fixture('ed25519'), fixture('client')];
const psk = { identity: 'ein Gerät', key: new Uint8Array(16).fill(7) };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function listen(options: Partial<ListenDtlsOptions>) {
  const listener = await listenDtls({ host: '127.0.0.1', port: 0, ...options });
  cleanUps.push(() => listener.close());
  const pipes: DtlsPipe[] = [];
  listener.onPipe = (pipe) => {
    pipes.push(pipe);
    pipe.onDatagram = (datagram) => pipe.send(datagram);
  };
  return { listener, pipes, port: listener.address.port };
}

async function connect(port: number, options: Partial<ConnectDtlsOptions>): Promise<DtlsClientPipe> {
  const pipe = await connectDtls({ host: '127.0.0.1', port, ...options });
  cleanUps.push(() => pipe.close());
  return pipe;
}

function ended(pipe: DtlsPipe): Promise<Error | undefined> {
  return new Promise((resolve) => {
    pipe.onClose = resolve;
  });
}

function echo(pipe: DtlsPipe, content: string): Promise<string> {
  return new Promise((resolve) => {
    pipe.onDatagram = (datagram) => resolve(new TextDecoder().decode(datagram));
    pipe.send(new TextEncoder().encode(content));
  });
}

test.each([
  ['RSA', 'DTLS 1.3', rsa, 'TLS_AES_128_GCM_SHA256'],
  ['Ed25519', 'DTLS 1.3', ed25519, 'TLS_AES_128_GCM_SHA256'],
  ['RSA', 'DTLS 1.2', rsa, 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'],
  ['Ed25519', 'DTLS 1.2', ed25519, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'],
] as const)('a server with a certificate for %s, %s', async (_name, version, certificate, cipherSuite) => {
  const { pipes, port } = await listen({ certificate });
  const pipe = await connect(port, { roots: certificate.chain, versions: [version === 'DTLS 1.3' ? '1.3' : '1.2'] });
  expect(await echo(pipe, 'hello')).toBe('hello');
  expect(pipe.protocol).toEqual({ version, cipherSuite, group: 'x25519' });
  expect(pipe.peer.certificates).toEqual(certificate.chain);
  expect(pipes[0]?.protocol).toEqual(pipe.protocol);
  expect(pipes[0]?.peer).toMatchObject({ certificates: [], pskIdentity: undefined });
});

test('the suites of either side are what is spoken', async () => {
  const cipherSuites = ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'] as const;
  const { port } = await listen({ certificate: server });
  const pipe = await connect(port, { roots: server.chain, cipherSuites });
  expect(await echo(pipe, 'short tags')).toBe('short tags');
  expect(pipe.protocol.cipherSuite).toBe(cipherSuites[0]);
});

describe('a shared key', () => {
  test.each<[string, NonNullable<ListenDtlsOptions['psk']>]>([
    ['at once', (identity) => (identity === psk.identity ? psk.key : undefined)],
    ['later', async (identity) => (identity === psk.identity ? psk.key : undefined)],
  ])('that the server finds %s lets both in without a certificate', async (_name, find) => {
    const { pipes, port } = await listen({ psk: find });
    const pipe = await connect(port, { psk });
    expect(await echo(pipe, 'hello')).toBe('hello');
    expect(pipe.protocol.cipherSuite).toBe('TLS_AES_128_GCM_SHA256');
    expect(pipes[0]?.peer).toMatchObject({ pskIdentity: psk.identity, certificates: [] });
  });

  test.each<[string, NonNullable<ListenDtlsOptions['psk']>]>([
    ['it does not know', () => undefined],
    ['it fails to look up', () => Promise.reject(new Error('the store is away'))],
    [
      'it throws at',
      () => {
        throw new Error('no store');
      },
    ],
    ['it knows as nothing', () => new Uint8Array(0)],
  ])('that %s turns the client away, which hears why', async (_name, find) => {
    const { listener, port } = await listen({ psk: find });
    // RFC 8446 6.2 leaves out of DTLS 1.3 which of the two was wrong, the name or the key.
    await expect(connect(port, { psk })).rejects.toMatchObject({ code: 'ERR_DTLS_ALERT', alert: ALERT.decrypt_error });
    await expect(connect(port, { psk, versions: ['1.2'] })).rejects.toMatchObject({
      code: 'ERR_DTLS_ALERT',
      alert: ALERT.unknown_psk_identity,
    });
    expect(listener.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 2 });
  });

  test('beside a certificate: each client comes with what it has', async () => {
    const { pipes, port } = await listen({ certificate: server, psk: () => psk.key });
    await connect(port, { psk });
    await connect(port, { roots: server.chain });
    await expect.poll(() => pipes.map(({ peer }) => peer.pskIdentity)).toEqual([psk.identity, undefined]);
  });

  test('that cannot be one is refused before anything is sent', async () => {
    const { port } = await listen({ certificate: server });
    const refusal = { code: 'ERR_DTLS_REFUSED', reason: 'bad-option' };
    await expect(connect(port, { psk: { ...psk, key: new Uint8Array(0) } })).rejects.toMatchObject(refusal);
    await expect(connect(port, { psk: { ...psk, identity: 'x'.repeat(129) } })).rejects.toMatchObject(refusal);
    await expect(listenDtls({ host: '127.0.0.1', port: 0 })).rejects.toMatchObject(refusal);
  });
});

describe('a client certificate', () => {
  const required = { certificate: server, requestClientCertificate: { roots: client.chain, required: true } };

  test('that leads to a root lets the client in, and tells who it is', async () => {
    const { pipes, port } = await listen(required);
    const pipe = await connect(port, { roots: server.chain, clientCertificate: client });
    expect(await echo(pipe, 'hello')).toBe('hello');
    expect(pipes[0]?.peer.certificates).toEqual(client.chain);
  });

  test.each([
    ['that nobody knows', rsa, ALERT.unknown_ca],
    ['that is not there', undefined, ALERT.handshake_failure],
  ] as const)('%s keeps the client out', async (_name, clientCertificate, alert) => {
    const { listener, port } = await listen(required);
    const attempt = connect(port, { roots: server.chain, clientCertificate, versions: ['1.2'] });
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_DTLS_ALERT', alert });
    expect(listener.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
  });

  // RFC 8446 4.4.2.4, appendix E.1: the client is done before the server has seen its certificate.
  test.each([
    ['that nobody knows', rsa, ALERT.unknown_ca],
    ['that is not there', undefined, ALERT.certificate_required],
  ] as const)('%s ends in DTLS 1.3 what the client had begun', async (_name, clientCertificate, alert) => {
    const { listener, pipes, port } = await listen(required);
    const pipe = await connect(port, { roots: server.chain, clientCertificate });
    expect(await ended(pipe)).toMatchObject({ code: 'ERR_DTLS_ALERT', alert });
    expect(listener.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
    expect(pipes).toEqual([]);
  });

  test('for servers alone is refused', async () => {
    const { key, pkcs8 } = generateSigningKey();
    const forServers = createSelfSignedCertificate({
      key,
      crypto: nodeCrypto,
      commonName: 'server',
      dnsNames: ['localhost'],
      notBefore: 0,
      notAfter: Date.UTC(2049, 0),
      serialNumber: Uint8Array.of(1),
    });
    const { port } = await listen({ ...required, requestClientCertificate: { roots: [forServers], required: true } });
    const clientCertificate = { chain: [forServers], privateKey: pkcs8 };
    const pipe = await connect(port, { roots: server.chain, clientCertificate });
    expect(await ended(pipe)).toMatchObject({ code: 'ERR_DTLS_ALERT', alert: ALERT.bad_certificate });
  });

  test('that is only asked for may be left out', async () => {
    const asked = { certificate: server, requestClientCertificate: { roots: client.chain, required: false } };
    const { pipes, port } = await listen(asked);
    await connect(port, { roots: server.chain });
    await connect(port, { roots: server.chain, clientCertificate: client });
    await expect.poll(() => pipes.map(({ peer }) => peer.certificates)).toEqual([[], client.chain]);
  });

  test('whose key is not its own is refused before anything is sent', async () => {
    const mixed = { chain: client.chain, privateKey: server.privateKey };
    await expect(connect(1, { clientCertificate: mixed })).rejects.toMatchObject({ code: 'ERR_DTLS_REFUSED' });
  });
});

describe('setCertificate', () => {
  test('new clients see the new certificate, pipes that are open go on', async () => {
    const { listener, port } = await listen({ certificate: server });
    const before = await connect(port, { roots: server.chain });
    listener.setCertificate(rsa);
    const after = await connect(port, { roots: rsa.chain });
    expect(after.peer.certificates).toEqual(rsa.chain);
    expect(await echo(before, 'still here')).toBe('still here');
    await expect(connect(port, { roots: server.chain })).rejects.toMatchObject({ code: 'ERR_DTLS_CERTIFICATE' });
  });

  test('what cannot be used is refused, and the old one stays', async () => {
    const { listener, port } = await listen({ certificate: server });
    expect(() => listener.setCertificate({ chain: rsa.chain, privateKey: server.privateKey })).toThrow(
      expect.objectContaining({ code: 'ERR_DTLS_REFUSED' }),
    );
    expect(() => listener.setCertificate({ chain: rsa.chain, privateKey: new Uint8Array(9) })).toThrow(
      expect.objectContaining({ code: 'ERR_DTLS_CERTIFICATE', reason: 'malformed' }),
    );
    expect((await connect(port, { roots: server.chain })).peer.certificates).toEqual(server.chain);
  });
});

describe('setRawKey', () => {
  const pinOf = ({ privateKey }: { privateKey: Uint8Array }) =>
    publicKeyPin(nodeCrypto.importSigningKey(privateKey).spki, nodeCrypto);
  const next = { privateKey: generateSigningKey().pkcs8 };

  test('new clients see the new key, pipes that are open go on', async () => {
    const { listener, port } = await listen({ rawKey: server });
    const before = await connect(port, { pins: [pinOf(server)] });
    listener.setRawKey(next);
    const after = await connect(port, { pins: [pinOf(next)] });
    expect(after.peer.rawKey).toEqual(nodeCrypto.importSigningKey(next.privateKey).spki);
    expect(await echo(before, 'still here')).toBe('still here');
    await expect(connect(port, { pins: [pinOf(server)] })).rejects.toMatchObject({ code: 'ERR_DTLS_CERTIFICATE' });
  });

  test('what is no key is refused, and the old one stays', async () => {
    const { listener, port } = await listen({ rawKey: server });
    expect(() => listener.setRawKey({ privateKey: new Uint8Array(9) })).toThrow(
      expect.objectContaining({ code: 'ERR_DTLS_CERTIFICATE', reason: 'malformed' }),
    );
    await connect(port, { pins: [pinOf(server)] });
  });
});
