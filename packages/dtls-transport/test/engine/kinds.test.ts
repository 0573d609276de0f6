import { describe, expect, test } from 'vitest';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { HANDSHAKE_KINDS, type HandshakeKind } from '../support/handshake-kinds.ts';
import { VirtualNetwork, type Weather } from '../support/virtual-network.ts';

const SEEDS = 40;
const DEADLINE = 120_000;

function endpoints({ client, listener, maxDatagram }: HandshakeKind, seed: number, weather: Weather = {}) {
  const network = new VirtualNetwork(seed, weather);
  const common = { maxDatagram, handshakeTimeout: DEADLINE };
  const theirs = new TestListener(network, { ...common, ...listener }, client);
  const ours = new TestClient(network, 'client', { ...common, ...client }, listener.identity);
  return { network, client: ours, listener: theirs };
}

describe.each(HANDSHAKE_KINDS)('$name', (kind) => {
  test('connects, and data passes both ways', () => {
    const { network, client, listener } = endpoints(kind, 1);
    client.send('hello');
    network.run(900, () => client.received.length > 0);
    expect(client.received).toEqual(['hello']);
    expect(client.connectedAt).toBe(120); // six flights of 20 ms
    const [connected] = listener.of('connected');
    expect(connected).toMatchObject({ peer: 1, path: 'client', pskIdentity: kind.client.psk?.identity });
    const asksForCertificate = kind.listener.clientCertificate !== undefined;
    expect(connected?.chain).toEqual(asksForCertificate ? (kind.client.identity?.chain ?? []) : []);
    expect(network.sent.filter(({ from }) => from === SERVER).length).toBeGreaterThanOrEqual(4);
  });

  // Of a ClientHello in fragments the cookie covers the first alone, so damage to another ends the handshake.
  const corruption = kind.maxDatagram > 1_000 ? 0.05 : 0;

  // The time-out is for busy machines: each of these takes a second of one core.
  describe.each([
    ['nothing lost', 0],
    ['every tenth datagram lost', 0.1],
  ])('reordered, duplicated, damaged, and %s', { timeout: 60_000 }, (_name, loss) => {
    test.each([kind.maxDatagram, 200])('all complete within 120 seconds, with datagrams of %i bytes', (maxDatagram) => {
      const weather = { loss, jitter: 100, duplication: 0.1, corruption };
      const incomplete: number[] = [];
      for (let seed = 0; seed < SEEDS; seed++) {
        const { network, client, listener } = endpoints({ ...kind, maxDatagram }, seed, weather);
        const isComplete = () => client.connectedAt !== undefined && listener.peer !== undefined;
        network.run(DEADLINE + 1, () => isComplete() || client.closed !== undefined);
        if (!isComplete()) incomplete.push(seed);
      }
      expect(incomplete).toEqual([]);
    });
  });
});
