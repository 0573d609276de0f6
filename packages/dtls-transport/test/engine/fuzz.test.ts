import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { seededRandom, VirtualNetwork } from '../support/virtual-network.ts';

test('bytes changed in every other datagram of a handshake: nothing throws, and it ends', { timeout: 60_000 }, () => {
  for (let seed = 0; seed < 300; seed++) {
    const network = new VirtualNetwork(seed, { corruption: 0.5, duplication: 0.2, jitter: 50, loss: 0.05 });
    const listener = new TestListener(network, { maxDatagram: 400 });
    const client = new TestClient(network, 'client', { maxDatagram: 400 });
    network.run(130_000);
    const isOver = client.connectedAt !== undefined || client.closed !== undefined;
    expect(isOver, `seed ${seed}`).toBe(true);
    expect(listener.engine.stats().handshakes, `seed ${seed}`).toBe(0);
  }
});

test('many bytes changed: cut, longer, or mixed with another datagram', { timeout: 60_000 }, () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = seededRandom(seed);
    const network = new VirtualNetwork(seed);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client');
    network.rewrite = ({ datagram }) => {
      const dice = random();
      const cut = Math.floor(random() * datagram.length);
      if (dice < 0.1) return datagram.subarray(0, cut);
      if (dice < 0.2) return new Uint8Array([...datagram, ...datagram.subarray(cut)]);
      if (dice < 0.3) return datagram.map((byte) => (random() < 0.05 ? Math.floor(random() * 256) : byte));
      if (dice < 0.4) return new Uint8Array([...datagram.subarray(0, cut), ...(network.sent.at(-2)?.datagram ?? [])]);
      return datagram;
    };
    network.run(130_000);
    expect(client.connectedAt !== undefined || client.closed !== undefined, `seed ${seed}`).toBe(true);
    expect(listener.engine.stats().handshakes, `seed ${seed}`).toBe(0);
  }
});

test('noise of all kinds, at every point of a conversation, is dropped', { timeout: 60_000 }, () => {
  const type = fc.constantFrom(20, 21, 22, 23, 24);
  const epoch = fc.constantFrom(0, 1, 2);
  const content = fc.uint8Array({ maxLength: 60 });
  const record = fc.tuple(type, epoch, fc.nat(300), content).map(([kind, number, sequence, bytes]) => {
    return Uint8Array.from([
      kind,
      0xfe,
      0xfd,
      0,
      number,
      0,
      0,
      0,
      0,
      sequence >> 8,
      sequence & 255,
      0,
      bytes.length,
      ...bytes,
    ]);
  });
  const handshake = fc
    .tuple(fc.constantFrom(0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20), fc.nat(6), fc.nat(40), fc.nat(40), content)
    .map(([kind, seq, length, offset, bytes]) => {
      const fragment = [kind, 0, 0, length, 0, seq, 0, 0, offset, 0, 0, bytes.length, ...bytes];
      return Uint8Array.from([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, fragment.length, ...fragment]);
    });
  const noise = fc.oneof(record, handshake, fc.uint8Array({ maxLength: 80 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(200), fc.boolean(), noise), { maxLength: 30 }), (arrivals) => {
      const network = new VirtualNetwork(1);
      const listener = new TestListener(network);
      const client = new TestClient(network, 'client');
      for (const [at, toServer, bytes] of arrivals.sort(([a], [b]) => a - b)) {
        network.run(at);
        if (toServer) network.inject('client', SERVER, bytes);
        else network.inject(SERVER, 'client', bytes);
      }
      network.run(30_000);
      expect(client.connectedAt).toBeDefined();
      expect(listener.engine.stats().peers).toBe(1);
      client.send('alive');
      network.run(31_000);
      expect(client.received).toEqual(['alive']);
    }),
    { seed: 11, numRuns: 300 },
  );
});
