import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import { CIPHER_SUITES_13 } from '../../src/handshake/cipher-suites-13.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { nobleCrypto } from '../../src/noble/crypto-provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ALERT } from '../../src/wire/alert.ts';
import { isUnified, readUnifiedHeader } from '../../src/wire/unified-header.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { type FixtureName, fixtureIdentity } from '../support/fixture-identity.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const ONLY_13 = { versions: ['1.3'] } as const;
const BOTH = { versions: ['1.3', '1.2'] } as const;
const fixture = (name: FixtureName, { importSigningKey } = nodeCrypto) => fixtureIdentity(name, importSigningKey);
const rawKey = fixture('ed25519').key;

interface Pair {
  readonly network: VirtualNetwork;
  readonly client: TestClient;
  readonly listener: TestListener;
}

/** A client that says something before its handshake is done, and a listener that echoes it. */
function pair(
  client: Partial<DtlsClientOptions>,
  listener: Partial<DtlsListenerOptions> = ONLY_13,
  seed = 0,
  weather = {},
): Pair {
  const network = new VirtualNetwork(seed, weather);
  const server = new TestListener(network, listener, client);
  const ours = new TestClient(network, 'client', client, listener.identity);
  ours.send('early');
  return { network, client: ours, listener: server };
}

function expectEcho({ network, client, listener }: Pair, version = 'DTLS 1.3', until = 10_000): void {
  network.run(until, () => client.received.length > 0);
  expect(client.received).toEqual(['early']);
  expect(listener.received).toEqual(['early']);
  expect(listener.of('connected')[0]).toMatchObject({ version });
  client.send('later');
  network.run(network.now + 5_000);
  expect(client.received).toEqual(['early', 'later']);
}

const flights = ({ network }: Pair) => network.sent.map(({ from }) => (from === SERVER ? 'server' : 'client'));

describe('a full handshake', () => {
  test('four datagrams, with what the client said before, and the answer to it', () => {
    const both = pair(ONLY_13);
    both.network.run(10_000, () => both.client.received.length > 0);
    expect(both.client.received).toEqual(['early']);
    expect(flights(both)).toEqual(['client', 'server', 'client', 'server']);
    both.network.run(both.network.now + 120_000);
    expect(both.network.sent).toHaveLength(4);
  });

  test.each(CIPHER_SUITES_13.map(({ name }) => name))('%s', (name) => {
    expectEcho(pair({ ...ONLY_13, cipherSuites: [name] }));
  });

  test.each(['server', 'ed25519', 'rsa'] as const)('a certificate of kind %s', (name) => {
    const identity = fixture(name);
    expectEcho(pair(ONLY_13, { ...ONLY_13, identity }));
  });

  test('noble with node, each way', () => {
    const identity = fixture('server', nobleCrypto);
    expectEcho(pair({ ...ONLY_13, crypto: nobleCrypto }, { ...ONLY_13, identity: fixture('server') }));
    expectEcho(pair(ONLY_13, { ...ONLY_13, crypto: nobleCrypto, identity }));
  });

  test('the answer of the listener may come later: the ACK waits 250 ms for it', () => {
    const both = pair(ONLY_13);
    both.listener.engine.send = () => {};
    both.network.run(10_000);
    expect(both.network.sent.map(({ at }) => at)).toEqual([0, 20, 40, 60 + 250]);
  });

  test('records of the largest size', () => {
    const both = pair(ONLY_13);
    expectEcho(both);
    expect(both.client.engine.maxPayload).toBe(1_232 - 20);
    both.client.send('x'.repeat(1_212));
    both.network.run(both.network.now + 1_000);
    expect(both.client.received.at(-1)).toHaveLength(1_212);
    expect(() => both.client.send('x'.repeat(1_213))).toThrow('1213 bytes');
  });
});

describe('a HelloRetryRequest', () => {
  test('asks for another group', () => {
    const both = pair({ ...ONLY_13, groups: ['x25519', 'secp256r1'] }, { ...ONLY_13, groups: ['secp256r1'] });
    expectEcho(both);
    expect(flights(both).slice(0, 6)).toEqual(['client', 'server', 'client', 'server', 'client', 'server']);
  });

  test('takes the first of its groups that the client has sent a key of', () => {
    const both = pair({ ...ONLY_13, groups: ['secp256r1', 'x25519'] });
    expectEcho(both);
    expect(flights(both).slice(0, 4)).toEqual(['client', 'server', 'client', 'server']);
  });

  test('asks for a cookie when the flight is longer than three times the ClientHello', () => {
    const { chain, key } = fixture('server');
    const identity = { chain: [chain[0]!, new Uint8Array(1_000)], key };
    const both = pair(ONLY_13, { ...ONLY_13, identity });
    expectEcho(both);
    expect(flights(both).slice(0, 3)).toEqual(['client', 'server', 'client']);
    const [hello, retry] = both.network.sent.map(({ datagram }) => datagram.length);
    expect(retry).toBeLessThan(hello!);
  });

  test('asks for a cookie when many handshakes have begun, and keeps nothing for it', () => {
    const network = new VirtualNetwork(0);
    const listener = new TestListener(network, { ...ONLY_13, maxHandshakes: 4 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      new TestClient(network, name, ONLY_13);
      network.filter = ({ from }) => from === SERVER;
      network.run(network.now + 21);
    }
    expect(listener.engine.stats().handshakes).toBe(1);
    network.filter = () => false;
    const late = new TestClient(network, 'late', ONLY_13);
    network.run(network.now + 1_000);
    expect(late.connectedAt).toBeDefined();
  });

  test('a cookie of another address opens nothing', () => {
    const { chain, key } = fixture('server');
    const identity = { chain: [chain[0]!, new Uint8Array(1_000)], key };
    const both = pair(ONLY_13, { ...ONLY_13, identity });
    both.network.run(50);
    const second = both.network.sent.filter(({ from }) => from === 'client')[1]!;
    both.network.inject('thief', SERVER, second.datagram);
    both.network.run(60);
    expect(both.listener.engine.stats()).toMatchObject({ handshakes: 1, drops: { unexpected: 1 } });
  });
});

describe('raw public keys', () => {
  const client: Partial<DtlsClientOptions> = { ...ONLY_13, certificateTypes: ['raw-public-key'] };

  function rawPair(
    options: Partial<DtlsClientOptions>,
    listener: Partial<DtlsListenerOptions>,
    spki = rawKey.spki,
  ): Pair {
    const both = pair(options, listener);
    both.client.judgeRawKey = (shown, now) => {
      if (Buffer.compare(shown, spki) === 0) both.client.engine.acceptPeer(shown, now);
      else both.client.engine.rejectPeer(ALERT.bad_certificate, now);
    };
    return both;
  }

  test('in place of a certificate', () => {
    expectEcho(rawPair(client, { ...ONLY_13, identity: undefined, rawKey }));
  });

  test('beside a certificate, for those that take it', () => {
    const listener = { ...ONLY_13, rawKey };
    expectEcho(rawPair({ ...client, certificateTypes: ['raw-public-key', 'x509'] }, listener));
    expectEcho(pair(ONLY_13, listener));
  });

  test('a client that does not know the key ends the handshake', () => {
    const both = rawPair(client, { ...ONLY_13, rawKey }, new Uint8Array(44));
    both.network.run(1_000);
    expect(both.client.closed?.error).toMatchObject({ code: 'ERR_DTLS_CERTIFICATE' });
    expect(both.listener.engine.stats().handshakes).toBe(0);
  });

  test('a listener without one says so', () => {
    const both = rawPair(client, ONLY_13);
    both.network.run(5_000);
    expect(both.client.closed?.error).toMatchObject({ alertName: 'unsupported_certificate' });
  });
});

describe('versions', () => {
  test('both sides speak both: 1.3', () => expectEcho(pair(BOTH, BOTH)));
  test('an older listener: 1.2, from the same ClientHello', () => {
    const both = pair(BOTH, { versions: ['1.2'] });
    expectEcho(both, 'DTLS 1.2');
    expect(flights(both).slice(0, 4)).toEqual(['client', 'server', 'client', 'server']);
    expect(both.network.sent.slice(0, 6)).toHaveLength(6);
  });
  test('an older client: 1.2', () => expectEcho(pair({ versions: ['1.2'] }, BOTH), 'DTLS 1.2'));

  test('a client of 1.2 alone and a listener of 1.3 alone: protocol_version', () => {
    const both = pair({ versions: ['1.2'] }, ONLY_13);
    both.network.run(5_000);
    expect(both.client.closed?.error).toMatchObject({ alertName: 'protocol_version' });
  });

  test('a client of 1.3 alone and a listener of 1.2 alone end within the time for handshakes', () => {
    const both = pair(ONLY_13, { versions: ['1.2'] });
    both.network.run(90_000);
    expect(both.client.closed?.error).toMatchObject({ code: 'ERR_DTLS_PEER' });
  });

  test('whoever takes 1.3 out of the ClientHello is found out by the sentinel', () => {
    const network = new VirtualNetwork(0);
    network.rewrite = ({ from, datagram }) => {
      if (from === SERVER) return datagram;
      const changed = datagram.slice();
      // supported_versions: 43, 5 bytes, a list of 4: 1.3 and 1.2
      const at = Buffer.from(changed).indexOf(Buffer.from('002b000504fefcfefd', 'hex'));
      if (at >= 0) changed[at + 6] = 0xfd;
      return changed;
    };
    new TestListener(network, BOTH);
    const client = new TestClient(network, 'client', BOTH);
    network.run(30_000);
    expect(client.connectedAt).toBeUndefined();
    expect(client.closed?.error).toMatchObject({ reason: 'downgrade' });
  });
});

describe('client certificates', () => {
  const identity = fixture('client');

  test('shown, judged and accepted', () => {
    const both = pair({ ...ONLY_13, identity }, { ...ONLY_13, clientCertificate: 'require' });
    expectEcho(both);
    expect(both.listener.of('connected')[0]!.chain).toEqual(identity.chain);
  });

  test('none, and none needed', () => expectEcho(pair(ONLY_13, { ...ONLY_13, clientCertificate: 'request' })));

  test('none, but needed', () => {
    const both = pair(ONLY_13, { ...ONLY_13, clientCertificate: 'require' });
    both.network.run(5_000);
    expect(both.client.closed?.error).toMatchObject({ alertName: 'certificate_required' });
    expect(both.listener.received).toEqual([]);
  });

  test('not accepted', () => {
    const both = pair({ ...ONLY_13, identity }, { ...ONLY_13, clientCertificate: 'require' });
    both.listener.answer = (event, now) => {
      if (event.type === 'peerCertificate') both.listener.engine.rejectPeer(event.peer, ALERT.bad_certificate, now);
    };
    both.network.run(5_000);
    expect(both.client.closed?.error).toMatchObject({ alertName: 'bad_certificate' });
    expect(both.listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
  });

  test('judged slowly: the client hears that it has arrived', () => {
    const both = pair({ ...ONLY_13, identity }, { ...ONLY_13, clientCertificate: 'require' });
    both.listener.answer = () => {};
    both.network.run(20_000);
    // ClientHello, flight, Finished, and the ACK after 250 ms; what follows are its repetitions.
    expect(both.network.sent.filter(({ from }) => from === 'client')).toHaveLength(2);
    both.listener.engine.acceptPeer(1, identity.key.spki, both.network.now);
    both.network.run(21_000);
    expect(both.client.received).toEqual(['early']);
  });
});

test('an end with a key log sends record numbers of 16 bits, which Wireshark needs, and the other end goes on with 8', () => {
  const both = pair({ ...ONLY_13, keyLog: () => {} });
  both.network.run(10_000, () => both.client.received.length > 0);
  for (const text of ['more', 'and more']) {
    both.client.send(text);
    both.network.run(both.network.now + 1_000);
  }
  const protectedOf = (side: 'client' | 'server') =>
    both.network.sent
      .filter(({ from, datagram }) => (from === SERVER) === (side === 'server') && isUnified(datagram[0]!))
      .map(({ datagram }) => readUnifiedHeader(datagram, 0)!.numberLength);
  expect(protectedOf('client')).toEqual([2, 2, 2]);
  expect(protectedOf('server')).toEqual([1, 1, 1]);
});
