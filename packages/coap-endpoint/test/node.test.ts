import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Code } from '@lb-matrix/coap-codec';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type DatagramPipe, listen } from '../src/index.ts';
import { unmapped } from '../src/node/address.ts';
import { connectUdp, listenUdp, nodePlatform as platform } from '../src/node.ts';
import { bodyOf, content, get, hexOf, put } from './support/messages.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const listener = async (options: Parameters<typeof listenUdp>[0] = {}) => {
  const made = await listenUdp(options);
  cleanups.push(() => made.close());
  return made;
};
const pipeTo = async (port: number, options: { host?: string; mtu?: number } = {}) => {
  const pipe = await connectUdp({ host: '127.0.0.1', port, ...options });
  cleanups.push(() => pipe.close());
  return pipe;
};
const rawSocket = async (): Promise<Socket> => {
  const socket = createSocket('udp4');
  cleanups.push(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
};

describe('plain UDP', () => {
  it('carries requests of any size between a client and a server', async () => {
    const udp = await listener();
    const server = listen(udp, { platform, handler: (request) => content(request.payload) });
    const pipe = await pipeTo(udp.address.port);
    const client = connect(pipe, { platform });
    expect(await client.request(put(bodyOf(20_000), 'echo'))).toEqual({
      ...content(bodyOf(20_000)),
      options: expect.anything(),
    });
    expect(await client.ping()).toBeLessThan(1000);
    expect(pipe.peer).toEqual({ address: '127.0.0.1', port: udp.address.port, validated: false });
    client.close();
    await server.close();
  });

  it('resolves names, and speaks IPv6; IPv4 on a dual-stack socket looks like IPv4', async () => {
    const udp = await listener({ host: '::' });
    const peers: DatagramPipe['peer'][] = [];
    const sizes: number[] = [];
    const server = listen(udp, {
      platform,
      handler: ({ peer, session }) => {
        peers.push(peer);
        sizes.push((session as DatagramPipe).maxPayload);
        return content(peer.address);
      },
    });
    for (const host of ['127.0.0.1', '::1', 'localhost']) {
      const client = connect(await pipeTo(udp.address.port, { host }), { platform });
      await client.request(get('a'));
      client.close();
    }
    expect(peers.slice(0, 2).map(({ address }) => address)).toEqual(['127.0.0.1', '::1']);
    expect(sizes.slice(0, 2)).toEqual([1280 - 28, 1280 - 48]);
    await server.close();
    expect(unmapped('::ffff:192.0.2.7')).toBe('192.0.2.7');
    expect(unmapped('::ffff:1')).toBe('::ffff:1');
    await expect(connectUdp({ host: 'no.such.host.invalid', port: 1 })).rejects.toMatchObject({
      code: expect.stringMatching(/^E/),
    });
  });

  it('keeps datagrams within the mtu', async () => {
    const socket = await rawSocket();
    const lengths: number[] = [];
    socket.on('message', (datagram) => lengths.push(datagram.length));
    const client = connect(await pipeTo(socket.address().port, { mtu: 296 }), { platform });
    client.request(put(bodyOf(5000), 'a')).catch(() => {});
    await once(socket, 'message');
    expect(lengths[0]).toBeLessThanOrEqual(296 - 28);
    expect(lengths[0]).toBeGreaterThan(128);
  });

  it('refuses an mtu with which nothing would work; with the least that it takes, a GET works', async () => {
    for (const mtu of [67, 0, -1, Number.NaN, 65_536]) {
      await expect(connectUdp({ host: '127.0.0.1', port: 1, mtu })).rejects.toThrow(
        new RangeError(`the mtu is ${mtu}; it has to be 68 to 65535 bytes`),
      );
      await expect(listenUdp({ mtu })).rejects.toThrow(RangeError);
    }
    await expect(connectUdp({ host: '::1', port: 1, mtu: 87 })).rejects.toThrow('88');
    const udp = await listener({ mtu: 68 });
    const server = listen(udp, { platform, handler: () => content(bodyOf(200)) });
    const client = connect(await pipeTo(udp.address.port, { mtu: 68 }), { platform });
    expect((await client.request(get('a'))).payload).toEqual(bodyOf(200));
    client.close();
    await server.close();
  });

  it('fails at once when nobody listens there (ECONNREFUSED)', async () => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    const client = connect(await pipeTo(port), { platform });
    await expect(client.request(get('a'))).rejects.toMatchObject({
      code: 'closed',
      reason: 'pipe_closed',
      cause: { code: 'ECONNREFUSED' },
    });
  });

  it('hears nobody but the server', async () => {
    const [server, stranger] = [await rawSocket(), await rawSocket()];
    const client = connect(await pipeTo(server.address().port), { platform });
    const response = client.request(get('a'));
    const [datagram, remote] = (await once(server, 'message')) as [Buffer, { port: number }];
    const answer = Buffer.from(datagram.subarray(0, 8));
    answer[0] = 0x64;
    answer[1] = Code.NotFound;
    stranger.send(answer, remote.port, '127.0.0.1');
    await new Promise((resolve) => setTimeout(resolve, 50));
    answer[1] = Code.Content;
    server.send(answer, remote.port, '127.0.0.1');
    expect((await response).code).toBe(Code.Content);
    expect(client.stats().datagramsReceived).toBe(1);
  });

  it('has room for a bounded number of peers; more are dropped until one has been idle for long enough', async () => {
    const udp = await listener({ maxPeers: 2, idleTimeout: 60 });
    const closed: unknown[] = [];
    const ports: number[] = [];
    udp.onPipe = (pipe) => {
      ports.push(pipe.peer.port);
      pipe.onClose = (reason) => closed.push(reason);
    };
    const sockets = [await rawSocket(), await rawSocket(), await rawSocket()];
    const send = (socket: Socket) => socket.send('x', udp.address.port, '127.0.0.1');
    for (const socket of sockets) send(socket);
    while (udp.dropped === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(ports).toHaveLength(2);
    while (closed.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    send(sockets[2]!);
    while (ports.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(closed[0]).toBeInstanceOf(Error);
  });

  it('refuses a port that is taken', async () => {
    const udp = await listener();
    await expect(listenUdp({ port: udp.address.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('ends its pipes when the listener is closed, and can be closed twice', async () => {
    const udp = await listener();
    const closed = new Promise((resolve) => {
      udp.onPipe = (pipe) => {
        pipe.onClose = resolve;
        void udp.close();
        pipe.send(new Uint8Array(3));
        pipe.close();
      };
    });
    (await pipeTo(udp.address.port)).send(new Uint8Array(4));
    await closed;
    await udp.close();
  });
});

describe("Node's platform", () => {
  it('gives random bytes of any length, never the same', () => {
    expect([0, 1, 5000].map((length) => platform.randomBytes(length).length)).toEqual([0, 1, 5000]);
    const drawn = new Set(Array.from({ length: 2000 }, () => hexOf(platform.randomBytes(8))));
    expect(drawn.size).toBe(2000);
  });

  it('has timers that can be cancelled', async () => {
    const fired: string[] = [];
    const cancel = platform.setTimer(1, () => fired.push('cancelled'));
    cancel();
    const before = platform.now();
    await new Promise<void>((resolve) => void platform.setTimer(5, resolve));
    expect(platform.now() - before).toBeGreaterThan(3);
    expect(fired).toEqual([]);
  });
});
