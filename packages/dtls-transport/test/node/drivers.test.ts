import { createSocket, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { DtlsError } from '../../src/errors.ts';
import { connectDtls } from '../../src/node/connect-dtls.ts';
import { generateSigningKey, nodeCrypto } from '../../src/node/crypto-provider.ts';
import { listenDtls } from '../../src/node/listen-dtls.ts';
import type { DtlsListenerHandle } from '../../src/node/listener-handle.ts';
import type { ConnectDtlsOptions, ListenDtlsOptions } from '../../src/node/options.ts';
import type { DtlsClientPipe, DtlsPipe } from '../../src/node/pipe.ts';
import { createSelfSignedCertificate } from '../../src/x509/create-certificate.ts';
import { CertificateError } from '../../src/x509/errors.ts';

function makeCertificate(change: { dnsNames?: string[]; notAfter?: number } = {}) {
  const { key, pkcs8 } = generateSigningKey();
  const certificate = createSelfSignedCertificate({
    key,
    crypto: nodeCrypto,
    commonName: 'test',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1', '::1'],
    notBefore: 0,
    notAfter: Date.UTC(2049, 0),
    serialNumber: Uint8Array.of(1),
    ...change,
  });
  return { chain: [certificate], privateKey: pkcs8 };
}

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === 'IPv6'));
const certificate = makeCertificate();
const text = (datagram: Uint8Array) => new TextDecoder().decode(datagram);
const bytes = (content: string) => new TextEncoder().encode(content);

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A listener on loopback that echoes. */
async function listen(options: Partial<ListenDtlsOptions> = {}): Promise<DtlsListenerHandle & { pipes: DtlsPipe[] }> {
  const listener = await listenDtls({ host: '127.0.0.1', port: 0, certificate, ...options });
  cleanUps.push(() => listener.close());
  const pipes: DtlsPipe[] = [];
  listener.onPipe = (pipe) => {
    pipes.push(pipe);
    pipe.onDatagram = (datagram) => pipe.send(datagram);
  };
  return Object.assign(listener, { pipes });
}

async function connect(port: number, options: Partial<ConnectDtlsOptions> = {}): Promise<DtlsClientPipe> {
  const pipe = await connectDtls({ host: '127.0.0.1', port, roots: certificate.chain, ...options });
  cleanUps.push(() => pipe.close());
  return pipe;
}

/** What comes back for a datagram. */
function echo(pipe: DtlsPipe, content: string): Promise<string> {
  return new Promise((resolve) => {
    pipe.onDatagram = (datagram) => resolve(text(datagram));
    pipe.send(bytes(content));
  });
}

/** The server's end of the first connection. In DTLS 1.3 it is there when the client's last flight is. */
async function firstPipe({ pipes }: { readonly pipes: readonly DtlsPipe[] }): Promise<DtlsPipe> {
  await expect.poll(() => pipes.length).toBeGreaterThan(0);
  return pipes[0]!;
}

const ended = (pipe: DtlsPipe) => new Promise<Error | undefined>((resolve) => (pipe.onClose = resolve));

/** A UDP socket that never answers. */
async function blackHole(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  cleanUps.push(() => socket.close());
  return { socket, port: socket.address().port };
}

test('a pipe carries datagrams both ways, and its ends know each other', async () => {
  const listener = await listen();
  const pipe = await connect(listener.address.port);
  expect(await echo(pipe, 'hello')).toBe('hello');
  expect(pipe.peer).toMatchObject({ address: '127.0.0.1', port: listener.address.port, validated: true });
  expect(listener.pipes[0]?.peer).toMatchObject({ address: '127.0.0.1', validated: true });
  expect(listener.address).toMatchObject({ address: '127.0.0.1', family: 'IPv4' });
  expect(listener.stats()).toMatchObject({ peers: 1, handshakes: 0, connected: 1, socketErrors: 0 });
});

test('datagrams arrive as plain Uint8Array with a monotonic time', async () => {
  const listener = await listen();
  const pipe = await connect(listener.address.port);
  const before = performance.now();
  const [datagram, now] = await new Promise<[Uint8Array, number]>((resolve) => {
    pipe.onDatagram = (...values) => resolve(values);
    pipe.send(bytes('x'));
  });
  expect(Object.getPrototypeOf(datagram)).toBe(Uint8Array.prototype);
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(performance.now());
});

test('many clients at once, each with its own pipe; a buffer may be used again at once', async () => {
  const listener = await listen();
  const pipes = await Promise.all(Array.from({ length: 30 }, () => connect(listener.address.port)));
  const answers = await Promise.all(pipes.map((pipe, index) => echo(pipe, `client ${index}`)));
  expect(answers).toEqual(pipes.map((_, index) => `client ${index}`));
  const received: string[] = [];
  pipes[0]!.onDatagram = (datagram) => received.push(text(datagram));
  const buffer = new Uint8Array(1);
  for (let value = 65; value < 91; value++) {
    buffer[0] = value;
    pipes[0]!.send(buffer);
  }
  await expect.poll(() => received.toSorted().join('')).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
});

test.each([
  [1_280, '127.0.0.1', 1_280 - 28 - 20],
  [228, '127.0.0.1', 228 - 28 - 20],
  ...(hasIpv6 ? ([[1_280, '::1', 1_280 - 48 - 20]] as const) : []),
] as const)('at an MTU of %i on %s a pipe carries %i bytes', async (mtu, host, maxPayload) => {
  const listener = await listen({ mtu, host });
  const pipe = await connect(listener.address.port, { mtu, host });
  expect(pipe.maxPayload).toBe(maxPayload);
  expect((await firstPipe(listener)).maxPayload).toBe(maxPayload);
  const largest = 'x'.repeat(maxPayload);
  expect(await echo(pipe, largest)).toBe(largest);
  expect(() => pipe.send(new Uint8Array(maxPayload + 1))).toThrow(expect.objectContaining({ reason: 'too-large' }));
});

// A machine without IPv6 has no such socket.
test.skipIf(!hasIpv6)('a socket for both families names IPv4 peers as IPv4', async () => {
  const listener = await listen({ host: '::' });
  const pipe = await connect(listener.address.port);
  expect(await echo(pipe, 'four')).toBe('four');
  expect(listener.address).toMatchObject({ address: '::', family: 'IPv6' });
  expect(listener.pipes[0]?.peer.address).toBe('127.0.0.1');
  const mapped = await connect(listener.address.port, { host: '::ffff:127.0.0.1', serverName: 'localhost' });
  expect(mapped.peer.address).toBe('127.0.0.1');
});

test('the key log of both ends is the same', async () => {
  const lines: string[] = [];
  const keyLog = (line: string) => lines.push(line);
  const listener = await listen({ keyLog });
  await connect(listener.address.port, { keyLog });
  // The secrets of both sides for the handshake and for what follows (RFC 8446 7.1).
  await expect.poll(() => lines.length).toBe(8);
  expect(new Set(lines).size).toBe(4);
});

describe('a connection fails with a stable code', () => {
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );

  test('ECONNREFUSED where nobody listens', async () => {
    const { socket, port } = await blackHole();
    cleanUps.pop();
    await new Promise<void>((resolve) => socket.close(resolve));
    expect(await failure(connect(port))).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('ENOTFOUND for a name that is not there', async () => {
    expect(await failure(connect(1, { host: 'no.such.host.invalid' }))).toMatchObject({ syscall: 'getaddrinfo' });
  });

  test('a time-out where nobody answers', async () => {
    const { port } = await blackHole();
    const error = await failure(connect(port, { handshakeTimeout: 50 }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_TIMEOUT', reason: 'handshake' });
    expect(error).toBeInstanceOf(DtlsError);
  });

  type Change = Parameters<typeof makeCertificate>[0];
  test.each<[string, Change, Partial<ConnectDtlsOptions>]>([
    ['unknown-issuer', {}, { roots: [] }],
    ['unknown-issuer', {}, { roots: undefined }], // Node's own roots
    ['name-mismatch', {}, { serverName: 'elsewhere.example' }],
    ['name-mismatch', { dnsNames: ['elsewhere.example'] }, { serverName: 'localhost' }],
    ['expired', { notAfter: 1_000 }, {}],
  ])('%s: the certificate is refused', async (reason, change, options) => {
    const other = makeCertificate(change);
    const listener = await listen({ certificate: other });
    const roots = 'roots' in options ? options.roots : other.chain;
    const error = await failure(connect(listener.address.port, { ...options, roots }));
    expect(error).toBeInstanceOf(CertificateError);
    expect(error).toMatchObject({ code: 'ERR_DTLS_CERTIFICATE', reason });
    await expect.poll(() => listener.stats()).toMatchObject({ handshakes: 0, handshakesFailed: 1 });
  });

  test("the signal's reason when it is aborted before, or while it waits", async () => {
    const { socket, port } = await blackHole();
    expect(await failure(connect(port, { signal: AbortSignal.abort('early') }))).toBe('early');
    const controller = new AbortController();
    const received: number[] = [];
    socket.on('message', (datagram) => {
      received.push(datagram[0]!);
      controller.abort('late');
    });
    expect(await failure(connect(port, { signal: controller.signal }))).toBe('late');
    await expect.poll(() => received).toEqual([22, 21]); // ClientHello, and a close_notify that frees the server
  });

  test('bad options are refused', async () => {
    expect(await failure(connect(1, { mtu: 100 }))).toMatchObject({ code: 'ERR_DTLS_REFUSED', reason: 'bad-option' });
    expect(await failure(listen({ mtu: 70_000 }))).toMatchObject({ code: 'ERR_DTLS_REFUSED', reason: 'bad-option' });
  });
});

test('`dangerouslySkipVerification` takes any certificate, but not another key than its own', async () => {
  const listener = await listen({ certificate: makeCertificate({ notAfter: 1_000 }) });
  const pipe = await connect(listener.address.port, { roots: [], dangerouslySkipVerification: true });
  expect(await echo(pipe, 'who are you?')).toBe('who are you?');
});

describe('a listener', () => {
  test('refuses a key that is not its certificate’s', async () => {
    const other = { chain: certificate.chain, privateKey: makeCertificate().privateKey };
    await expect(listen({ certificate: other })).rejects.toMatchObject({ reason: 'bad-option' });
  });

  test('refuses what is no certificate, no key, or no chain at all', async () => {
    const { chain, privateKey } = certificate;
    await expect(listen({ certificate: { chain: [Uint8Array.of(1)], privateKey } })).rejects.toThrow(CertificateError);
    await expect(listen({ certificate: { chain, privateKey: Uint8Array.of(1) } })).rejects.toThrow(CertificateError);
    await expect(listen({ certificate: { chain: [], privateKey } })).rejects.toMatchObject({ reason: 'bad-option' });
  });

  test('rejects with EADDRINUSE where somebody listens', async () => {
    const { port } = (await listen()).address;
    await expect(listen({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('tells every peer when it closes, and closes once', async () => {
    const listener = await listen();
    const pipe = await connect(listener.address.port);
    const ends = Promise.all([ended(pipe), ended(await firstPipe(listener))]);
    await Promise.all([listener.close(), listener.close()]);
    expect(await ends).toEqual([undefined, undefined]);
    expect(() => listener.pipes[0]!.send(bytes('late'))).toThrow(expect.objectContaining({ reason: 'closed' }));
    listener.pipes[0]!.close();
  });
});

describe('the end of a pipe', () => {
  test('is told to both sides when the client closes', async () => {
    const listener = await listen();
    const pipe = await connect(listener.address.port);
    const ends = Promise.all([ended(pipe), ended(await firstPipe(listener))]);
    pipe.close();
    pipe.close();
    expect(await ends).toEqual([undefined, undefined]);
    expect(() => pipe.send(bytes('late'))).toThrow(expect.objectContaining({ reason: 'closed' }));
    expect(listener.stats().peers).toBe(0);
  });

  test('is told to both sides when the server closes, from inside a listener', async () => {
    const listener = await listen();
    const pipe = await connect(listener.address.port);
    const server = await firstPipe(listener);
    server.onDatagram = () => {
      server.send(bytes('last words'));
      server.close();
    };
    const [answer, ...ends] = await Promise.all([echo(pipe, 'go'), ended(pipe), ended(server)]);
    expect([answer, ...ends]).toEqual(['last words', undefined, undefined]);
  });

  test('has its reason: silence for too long', async () => {
    const listener = await listen({ idleTimeout: 50 });
    const pipe = await connect(listener.address.port);
    const ends = await Promise.all([ended(pipe), ended(await firstPipe(listener))]);
    expect(ends).toMatchObject([undefined, { code: 'ERR_DTLS_TIMEOUT', reason: 'idle' }]);
  });
});

test('a server that lost the association shows as hints, and the pipe stays open', async () => {
  const [first, second] = [await listen(), await listen()];
  const relay = await openRelay(first.address.port);
  const pipe = await connect(relay.port);
  const hints: string[] = [];
  pipe.onHint = (hint) => hints.push(hint);
  await relay.switchTo(second.address.port); // as after a restart
  pipe.send(bytes('anybody?'));
  await expect.poll(() => hints).toEqual(['alert']);
  expect(second.stats()).toMatchObject({ peers: 0, drops: { unknown: 1 } });
  await relay.close();
  pipe.send(bytes('anybody?'));
  await expect.poll(() => hints).toEqual(['alert', 'unreachable']);
  expect(() => pipe.send(bytes('still open'))).not.toThrow();
});

/** Somebody between one client and a server, which may become another server. */
async function openRelay(target: number) {
  const front = createSocket('udp4');
  let back = await openBack(target);
  let client = 0;
  front.on('message', (datagram, from) => {
    client = from.port;
    back.send(datagram);
  });
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve));

  async function openBack(port: number): Promise<Socket> {
    const socket = createSocket('udp4');
    socket.on('message', (datagram) => front.send(datagram, client, '127.0.0.1'));
    await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
    return socket;
  }

  return {
    port: front.address().port,
    async switchTo(port: number): Promise<void> {
      back.close();
      back = await openBack(port);
    },
    async close(): Promise<void> {
      back.close();
      await new Promise<void>((resolve) => front.close(resolve));
    },
  };
}
