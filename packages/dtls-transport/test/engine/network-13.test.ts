import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { zlibCompression } from '../../src/node/certificate-compression.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { fixtureIdentity } from '../support/fixture-identity.ts';
import { VirtualNetwork, type Weather } from '../support/virtual-network.ts';

const VERSIONS = { versions: ['1.3'] } as const;
const { chain, key } = fixtureIdentity('server', nodeCrypto.importSigningKey);
const client = fixtureIdentity('client', nodeCrypto.importSigningKey);

const KINDS: readonly (readonly [string, Partial<DtlsClientOptions>, Partial<DtlsListenerOptions>])[] = [
  ['a full handshake', VERSIONS, { ...VERSIONS, identity: { chain, key } }],
  ['another group', VERSIONS, { ...VERSIONS, identity: { chain, key }, groups: ['secp256r1'] }],
  [
    'a long chain, with a cookie',
    VERSIONS,
    { ...VERSIONS, identity: { chain: [...chain, new Uint8Array(3_000)], key } },
  ],
  [
    'a client certificate',
    { ...VERSIONS, identity: client },
    { ...VERSIONS, identity: { chain, key }, clientCertificate: 'require' },
  ],
  [
    'a raw key of the client, and packed certificates',
    { ...VERSIONS, rawKey: client.key, certificateCompression: zlibCompression },
    {
      ...{ ...VERSIONS, identity: { chain, key }, certificateCompression: zlibCompression },
      ...{ clientCertificate: 'require', clientCertificateTypes: ['raw-public-key'] },
    },
  ],
];

const psk = { identity: new TextEncoder().encode('a client'), key: new Uint8Array(16).fill(7) };

/** Of these a damaged ClientHello is as one without the key: it ends the handshake (RFC 8446 4.2.11). */
const WITH_KEYS: typeof KINDS = [
  ['a shared key', { ...VERSIONS, psk }, { ...VERSIONS, psk: true }],
  ['a shared key and another group', { ...VERSIONS, psk }, { ...VERSIONS, psk: true, groups: ['secp256r1'] }],
];

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);

/** When the handshake was done on both sides and data had passed both ways; `undefined` when it came to nothing. */
function completion(
  [, ours, theirs]: (typeof KINDS)[number],
  seed: number,
  weather: Weather,
  maxDatagram: number,
): number | undefined {
  const network = new VirtualNetwork(seed, weather);
  const listener = new TestListener(network, { ...theirs, maxDatagram }, ours);
  const talker = new TestClient(network, 'client', { ...ours, maxDatagram }, listener.identity);
  network.run(60_000, () => listener.peer !== undefined && talker.connectedAt !== undefined);
  const doneAt = network.now;
  for (let turn = 0; turn < 40 && talker.received.length === 0 && talker.closed === undefined; turn++) {
    talker.send('ping');
    network.run(network.now + 1_000);
  }
  return talker.received.includes('ping') ? doneAt : undefined;
}

describe.each(KINDS)('%s', (...kind) => {
  test.each([1_232, 200])('lossy, reordered, duplicated: all complete, with datagrams of %d bytes', (maxDatagram) => {
    const weather = { loss: 0.1, duplication: 0.1, jitter: 40 };
    const times = SEEDS.map((seed) => completion(kind, seed, weather, maxDatagram));
    expect(SEEDS.filter((seed) => times[seed] === undefined)).toEqual([]);
  });

  test('a third of the datagrams lost', () => {
    const times = SEEDS.map((seed) => completion(kind, seed, { loss: 0.33, jitter: 40 }, 1_232));
    const failed = SEEDS.filter((seed) => times[seed] === undefined);
    expect(failed.length).toBeLessThanOrEqual(2);
  });

  test('any one datagram of the handshake lost, twice, or damaged: it completes', () => {
    for (let index = 0; index < 8; index++) {
      for (const fate of ['lost', 'twice', 'damaged'] as const) {
        const network = new VirtualNetwork(index);
        let count = 0;
        network.filter = () => fate === 'lost' && count++ === index;
        network.rewrite = ({ datagram }) => {
          if (fate === 'lost' || count++ !== index) return datagram;
          if (fate === 'twice') return datagram;
          const damaged = datagram.slice();
          damaged[damaged.length - 5]! ^= 0x10;
          return damaged;
        };
        if (fate === 'twice') network.weather = { duplication: 1 };
        const listener = new TestListener(network, kind[2], kind[1]);
        const talker = new TestClient(network, 'client', kind[1], listener.identity);
        network.run(50_000, () => talker.connectedAt !== undefined && listener.peer !== undefined);
        for (let turn = 0; turn < 3 && talker.received.length === 0 && talker.closed === undefined; turn++) {
          talker.send('ping'); // which may be the datagram that is lost
          network.run(network.now + 2_000);
        }
        expect([index, fate, talker.received.at(-1)]).toEqual([index, fate, 'ping']);
      }
    }
  });
});

describe.each(WITH_KEYS)('%s', (...kind) => {
  test.each([1_232, 300])('lossy, reordered, duplicated: all complete, with datagrams of %d bytes', (maxDatagram) => {
    const weather = { loss: 0.1, duplication: 0.1, jitter: 40 };
    const times = SEEDS.map((seed) => completion(kind, seed, weather, maxDatagram));
    expect(SEEDS.filter((seed) => times[seed] === undefined)).toEqual([]);
  });

  test('any one datagram of the handshake lost: it completes', () => {
    for (let index = 0; index < 8; index++) {
      const network = new VirtualNetwork(index);
      let count = 0;
      network.filter = () => count++ === index;
      const listener = new TestListener(network, kind[2], kind[1]);
      const talker = new TestClient(network, 'client', kind[1]);
      network.run(50_000, () => talker.connectedAt !== undefined && listener.peer !== undefined);
      for (let turn = 0; turn < 2 && talker.received.length === 0; turn++) {
        talker.send('ping'); // which may be the datagram that is lost
        network.run(network.now + 2_000);
      }
      expect([index, talker.received.at(-1)]).toEqual([index, 'ping']);
    }
  });
});

test('what of a flight has arrived is not sent again', () => {
  const network = new VirtualNetwork(0);
  const identity = { chain: [...chain, new Uint8Array(3_000)], key };
  const listener = new TestListener(network, { ...VERSIONS, identity });
  // Of the server's flight after the cookie the second datagram is lost, once.
  let fromServer = 0;
  network.filter = ({ from }) => from === SERVER && fromServer++ === 2;
  const talker = new TestClient(network, 'client', VERSIONS, listener.identity);
  network.run(20_000, () => talker.connectedAt !== undefined);
  const lengths = network.sent.flatMap(({ from, datagram }) => (from === SERVER ? datagram.length : []));
  // HelloRetryRequest, four datagrams of which one is lost, that one again.
  expect(lengths).toEqual([...lengths.slice(0, 5), lengths[2]]);
  expect(lengths).toHaveLength(6);
  // After a quarter of the retransmission interval the client said what it had (RFC 9147 7.1).
  expect(talker.connectedAt).toBeLessThan(500);
});

test('a client bears seven seconds of silence after a first answer: some servers are slow to say it again', () => {
  const network = new VirtualNetwork(0);
  const identity = { chain: [...chain, new Uint8Array(3_000)], key };
  const listener = new TestListener(network, { ...VERSIONS, identity });
  let answers = 0;
  network.filter = ({ from, at }) => from === SERVER && answers++ > 0 && at < 6_500; // all but its HelloRetryRequest
  const talker = new TestClient(network, 'client', VERSIONS, listener.identity);
  network.run(30_000, () => talker.connectedAt !== undefined);
  expect(talker.connectedAt).toBeGreaterThan(6_500);
  const hellos = network.sent.filter(({ from, at, datagram }) => from === 'client' && at < 7_000 && datagram[0] === 22);
  expect(hellos.length).toBeGreaterThan(4);
  expect(new Set(hellos.map(({ datagram }) => datagram.slice(27, 59).join())).size).toBe(1); // one random: one handshake
});

describe('an address that has shown nothing', () => {
  test('gets at most three times what came from it, whatever the chain', () => {
    for (const length of [0, 300, 700, 900, 5_000]) {
      const network = new VirtualNetwork(0);
      const identity = { chain: [...chain, new Uint8Array(length + 1)], key };
      new TestListener(network, { ...VERSIONS, identity });
      new TestClient(network, 'client', VERSIONS);
      network.filter = ({ from }) => from === SERVER; // a forged address: the answers come to somebody else
      network.run(59_000);
      const bytes = (who: boolean) =>
        network.sent
          .filter(({ from }) => (from === SERVER) === who)
          .reduce((sum, { datagram }) => sum + datagram.length, 0);
      expect(bytes(true)).toBeGreaterThan(0);
      expect(bytes(true)).toBeLessThanOrEqual(3 * bytes(false));
    }
  });

  test('a listener says nothing of its own accord to it', () => {
    const network = new VirtualNetwork(0);
    new TestListener(network, { ...VERSIONS, identity: { chain, key } });
    new TestClient(network, 'client', VERSIONS);
    network.filter = ({ from }) => from === SERVER;
    network.run(900);
    network.remove('client');
    network.run(60_000);
    expect(network.sent.filter(({ from }) => from === SERVER)).toHaveLength(1);
  });
});

test('noise of any kind does nothing to a handshake, nor to an association', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(300), fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 100 })), { maxLength: 12 }),
      fc.constantFrom(0x16, 0x15, 0x17, 0x1a, 0x2c, 0x2d, 0x2e, 0x2f, 0x20, 0x21, 0x22, 0x23),
      (arrivals, first) => {
        const network = new VirtualNetwork(0);
        const listener = new TestListener(network, { ...VERSIONS, identity: { chain, key } });
        const talker = new TestClient(network, 'client', VERSIONS, listener.identity);
        for (const [at, toServer, bytes] of arrivals.sort(([a], [b]) => a - b)) {
          bytes[0] = first;
          network.run(at);
          if (toServer) network.inject('client', SERVER, bytes);
          else network.inject(SERVER, 'client', bytes);
        }
        network.run(5_000);
        talker.send('alive');
        network.run(6_000);
        expect(talker.received).toEqual(['alive']);
        expect(listener.engine.stats().peers).toBe(1);
      },
    ),
    { seed: 41, numRuns: 300 },
  );
});
