import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import type { Agreed } from '../../src/connection/connection-event.ts';
import type { PreSharedKey } from '../../src/identity.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { nobleCrypto } from '../../src/noble/crypto-provider.ts';
import { readClientHello, writeClientHello } from '../../src/wire/client-hello.ts';
import { EXTENSION } from '../../src/wire/extensions.ts';
import { readServerHello, writeServerHello } from '../../src/wire/server-hello.ts';
import { identity, SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { patched, rewriteBody } from '../support/rewrite.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const psk = { identity: new TextEncoder().encode('ein Gerät'), key: new Uint8Array(16).fill(7) };
const ONLY_13 = { versions: ['1.3'] } as const;
const BOTH = { versions: ['1.3', '1.2'] } as const;

interface Pair {
  readonly network: VirtualNetwork;
  readonly client: TestClient;
  readonly listener: TestListener;
}

/** A client with our key that says something at once, and a listener that knows `known`. */
function shakeHands(
  client: Partial<DtlsClientOptions>,
  listener: Partial<DtlsListenerOptions>,
  known: PreSharedKey = psk,
  rewrite?: (datagram: Uint8Array) => Uint8Array,
): Pair {
  const network = new VirtualNetwork(1);
  if (rewrite !== undefined) network.rewrite = ({ datagram }) => rewrite(datagram);
  const options = { psk: true, identity: undefined, ...listener };
  const theirs = new TestListener(network, options, { psk: known });
  const ours = new TestClient(network, 'client', { psk, handshakeTimeout: 10_000, ...client }, identity);
  ours.send('early');
  network.run(100_000, () => ours.received.length > 0 || ours.closed !== undefined);
  return { network, client: ours, listener: theirs };
}

function expectShared({ network, client, listener }: Pair, agreed: Partial<Agreed> = { group: 'x25519' }) {
  expect(client.received).toEqual(['early']);
  expect(client.events).toEqual(['connected', 'data']); // no certificate was to be judged
  expect(listener.of('pskIdentity')).toEqual([{ type: 'pskIdentity', peer: 1, identity: psk.identity }]);
  expect(listener.of('connected')).toMatchObject([
    { version: 'DTLS 1.3', ...agreed, chain: [], pskIdentity: psk.identity },
  ]);
  client.send('later');
  network.run(network.now + 5_000);
  expect(client.received).toEqual(['early', 'later']);
}

const flights = ({ network }: Pair) => network.sent.map(({ from }) => (from === SERVER ? 'server' : 'client'));

describe('a shared key in DTLS 1.3', () => {
  test('shows each side the other in four datagrams', () => {
    const both = shakeHands(ONLY_13, ONLY_13);
    expect(flights(both)).toEqual(['client', 'server', 'client', 'server']);
    expectShared(both);
  });

  test('alone, when both sides are told so (psk_ke)', () => {
    const alone = { ...ONLY_13, pskModes: ['psk_ke'] } as const;
    expectShared(shakeHands(alone, alone), { group: undefined });
    const any = { ...ONLY_13, pskModes: ['psk_dhe_ke', 'psk_ke'] } as const;
    expectShared(shakeHands(any, alone), { group: undefined });
    expectShared(shakeHands(alone, any), { group: undefined });
    expectShared(shakeHands(any, any));
  });

  test('alone, beside suites of DTLS 1.2 with ECDHE, whose groups want an empty key_share (RFC 8446 9.2)', () => {
    const pskModes = ['psk_ke'] as const;
    expectShared(shakeHands({ ...BOTH, pskModes }, { ...BOTH, pskModes }), { group: undefined });
    const older = shakeHands({ ...BOTH, pskModes }, { versions: ['1.2'] });
    expect(older.listener.of('connected')).toMatchObject([{ version: 'DTLS 1.2', group: 'x25519' }]);
  });

  test.each<[string, Partial<DtlsClientOptions>, Partial<DtlsListenerOptions>]>([
    ['the client', {}, { pskModes: ['psk_ke'] }],
    ['the server', { pskModes: ['psk_ke'] }, {}],
  ])('without ECDHE never where %s has not been told so', (_name, client, listener) => {
    const both = shakeHands({ ...ONLY_13, ...client }, { ...ONLY_13, ...listener });
    expect(both.client.closed?.error).toMatchObject({ code: 'ERR_DTLS_ALERT', alertName: 'handshake_failure' });
  });

  test('noble with node, each way', () => {
    expectShared(shakeHands({ ...ONLY_13, crypto: nobleCrypto }, ONLY_13));
    expectShared(shakeHands(ONLY_13, { ...ONLY_13, crypto: nobleCrypto }));
  });

  test('goes with suites of SHA-256 alone (RFC 8446 4.2.11)', () => {
    const sha384 = { ...ONLY_13, cipherSuites: ['TLS_AES_256_GCM_SHA384'] } as const;
    expect(() => shakeHands(sha384, ONLY_13)).toThrow('cipher suites');
    expect(() => shakeHands(ONLY_13, sha384)).toThrow('cipher suites');
    const both = shakeHands(ONLY_13, {
      ...ONLY_13,
      cipherSuites: ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
    });
    expect(both.listener.of('connected')).toMatchObject([{ cipherSuite: 'TLS_CHACHA20_POLY1305_SHA256' }]);
  });

  test('after a HelloRetryRequest: another group, a cookie, and a binder over both', () => {
    const both = shakeHands(ONLY_13, { ...ONLY_13, groups: ['secp256r1'] });
    expect(flights(both).slice(0, 6)).toEqual(['client', 'server', 'client', 'server', 'client', 'server']);
    expectShared(both, { group: 'secp256r1' });
  });

  test('is asked for no certificate, and shows none', () => {
    expectShared(shakeHands({ ...ONLY_13, identity }, { ...ONLY_13, identity, clientCertificate: 'require' }));
  });

  test('may be looked up for long', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { ...ONLY_13, psk: true });
    listener.answer = () => {};
    const client = new TestClient(network, 'client', { ...ONLY_13, psk });
    network.run(20_000);
    expect(listener.of('pskIdentity')).toHaveLength(1);
    const { peer } = listener.of('pskIdentity')[0]!;
    expect(network.sent.filter(({ from }) => from === SERVER)).toEqual([]);
    expect(() => listener.engine.acceptPeer(peer, psk.key, network.now)).toThrow(
      expect.objectContaining({ reason: 'no-question' }),
    );
    listener.engine.acceptPsk(peer, psk.key, network.now);
    network.run(100_000, () => client.connectedAt !== undefined);
    expect(client.connectedAt).toBe(20_020);
  });
});

describe('a client that may speak 1.2 too', () => {
  test('speaks 1.3 with a server of both', () => expectShared(shakeHands(BOTH, BOTH)));
  test('speaks 1.2 with an older server, from the same ClientHello', () => {
    const both = shakeHands(BOTH, { versions: ['1.2'] });
    expect(flights(both).slice(0, 4)).toEqual(['client', 'server', 'client', 'server']);
    expectShared(both, { version: 'DTLS 1.2' });
  });
  test('speaks 1.2 when its name is empty, of which 1.3 knows none (RFC 8446 4.2.11)', () => {
    const nameless = { ...psk, identity: new Uint8Array(0) };
    const { listener } = shakeHands({ ...BOTH, psk: nameless }, BOTH, nameless);
    expect(listener.of('connected')).toMatchObject([{ version: 'DTLS 1.2', pskIdentity: nameless.identity }]);
    expect(() => shakeHands({ ...ONLY_13, psk: nameless }, ONLY_13)).toThrow('cipher suites');
  });
  test('and one of 1.2 alone speaks that with a server of both', () => {
    expectShared(shakeHands({ versions: ['1.2'] }, BOTH), { version: 'DTLS 1.2' });
  });
});

describe('who lacks the key is told so, and cannot tell why (RFC 8446 E.6)', () => {
  const failures = [
    ['an unknown name', { ...psk, identity: Uint8Array.of(1) }],
    ['another key', { ...psk, key: new Uint8Array(16).fill(8) }],
  ] as const;

  test.each(failures)('%s: decrypt_error', (_name, known) => {
    const { network, client, listener } = shakeHands(ONLY_13, ONLY_13, known);
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_ALERT', alertName: 'decrypt_error' });
    expect(network.sent.filter(({ from }) => from === SERVER).map(({ datagram }) => datagram.length)).toEqual([15]);
    expect(listener.of('connected')).toEqual([]);
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
  });

  test('whatever of the ClientHello has changed, the binder does not fit', () => {
    for (const type of [EXTENSION.keyShare, EXTENSION.supportedGroups, EXTENSION.serverName]) {
      const change = rewriteBody('clientHello', (body) => {
        const hello = readClientHello(body);
        const bytes = hello.extensions.get(type)!;
        const extensions = new Map(hello.extensions).set(type, patched(bytes, bytes.length - 1, bytes.at(-1)! ^ 1));
        return writeClientHello({ ...hello, extensions });
      });
      const both = shakeHands(ONLY_13, ONLY_13, psk, change);
      expect(both.client.closed?.error).toMatchObject({ alertName: 'decrypt_error' });
    }
  });
});

describe('a client that takes certificates too', () => {
  const types = { ...ONLY_13, identity };
  /** What our client does not do, and others do: it offers signature algorithms beside its key, and several keys. */
  const alsoTakes = (more: readonly (readonly [number, Uint8Array])[], names: readonly Uint8Array[] = []) =>
    rewriteBody('clientHello', (body) => {
      const hello = readClientHello(body);
      const extensions = new Map([...hello.extensions].filter(([type]) => type !== EXTENSION.preSharedKey));
      for (const [type, bytes] of more) extensions.set(type, bytes);
      const list = names.flatMap((name) => [0, name.length, ...name, 0, 0, 0, 0]);
      const binders = names.flatMap(() => [32, ...new Uint8Array(32)]);
      const offered = [list.length >> 8, list.length, ...list, binders.length >> 8, binders.length, ...binders];
      const last = names.length === 0 ? hello.extensions.get(EXTENSION.preSharedKey)! : Uint8Array.from(offered);
      return writeClientHello({ ...hello, extensions: extensions.set(EXTENSION.preSharedKey, last) });
    });
  const schemes = [EXTENSION.signatureAlgorithms, Uint8Array.of(0, 2, 4, 3)] as const;
  const stranger = { ...psk, identity: Uint8Array.of(1) };

  test('gets one when nobody knows its key', () => {
    const { network } = shakeHands(types, types, stranger, alsoTakes([schemes]));
    const [flight] = network.sent.filter(({ from }) => from === SERVER);
    expect(flight!.datagram.length).toBeGreaterThan(400); // ServerHello to Finished, of which our client wants nothing
  });

  test('is refused like others when the key is another one', () => {
    const { client } = shakeHands(types, types, { ...psk, key: Uint8Array.of(9) }, alsoTakes([schemes]));
    expect(client.closed?.error).toMatchObject({ alertName: 'decrypt_error' });
  });

  test('has four of its keys looked up, and no more', () => {
    const names = [1, 2, 3, 4, 5, 6].map((name) => Uint8Array.of(name));
    const { client, listener } = shakeHands(types, ONLY_13, psk, alsoTakes([], names));
    expect(listener.of('pskIdentity').map((event) => [...event.identity])).toEqual([[1], [2], [3], [4]]);
    expect(client.closed?.error).toMatchObject({ alertName: 'decrypt_error' });
  });
});

describe('offers that break a rule are refused', () => {
  const withExtensions = (change: (extensions: Map<number, Uint8Array>) => Iterable<readonly [number, Uint8Array]>) =>
    rewriteBody('clientHello', (body) => {
      const hello = readClientHello(body);
      return writeClientHello({ ...hello, extensions: new Map(change(new Map(hello.extensions))) });
    });

  test.each<[string, (datagram: Uint8Array) => Uint8Array, string]>([
    [
      'pre_shared_key is not the last (RFC 8446 4.2.11)',
      withExtensions((all) => [...all].reverse()),
      'illegal_parameter',
    ],
    [
      'no psk_key_exchange_modes (RFC 8446 4.2.9)',
      withExtensions((all) => [...all].filter(([type]) => type !== EXTENSION.pskKeyExchangeModes)),
      'missing_extension',
    ],
    [
      'groups without a key share (RFC 8446 9.2)',
      withExtensions((all) => [...all].filter(([type]) => type !== EXTENSION.keyShare)),
      'missing_extension',
    ],
    [
      'a name without a binder',
      withExtensions((all) => all.set(EXTENSION.preSharedKey, all.get(EXTENSION.preSharedKey)!.slice(0, -33))),
      'decode_error',
    ],
  ])('%s', (_name, rewrite, alertName) => {
    const { client } = shakeHands(ONLY_13, ONLY_13, psk, rewrite);
    expect(client.closed?.error).toMatchObject({ alertName });
  });

  test('a client without a key, where there is nothing else: handshake_failure', () => {
    const { client } = shakeHands({ ...ONLY_13, psk: undefined }, ONLY_13);
    expect(client.closed?.error).toMatchObject({ alertName: 'handshake_failure' });
  });

  test('a client with a key alone, where there are certificates alone: missing_extension (RFC 8446 4.2.3)', () => {
    const { client } = shakeHands(ONLY_13, { ...ONLY_13, psk: false, identity });
    expect(client.closed?.error).toMatchObject({ alertName: 'missing_extension' });
  });
});

describe('answers that break a rule are refused', () => {
  const answers = (from: string, to: string) =>
    rewriteBody('serverHello', (body) => {
      const text = Buffer.from(body).toString('hex');
      const changed = text.replace(from, to);
      if (changed === text) throw new Error(`no ${from}`);
      return new Uint8Array(Buffer.from(changed, 'hex'));
    });

  test('a key that was not offered', () => {
    const { client } = shakeHands(ONLY_13, ONLY_13, psk, answers('002900020000', '002900020001'));
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_PEER', reason: 'bad-extension' });
  });

  test('no key: nothing else is to show who the server is', () => {
    const withoutKey = rewriteBody('serverHello', (body) => {
      const hello = readServerHello(body);
      const extensions = new Map([...hello.extensions].filter(([type]) => type !== EXTENSION.preSharedKey));
      return writeServerHello({ ...hello, extensions });
    });
    const { client } = shakeHands(ONLY_13, ONLY_13, psk, withoutKey);
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_PEER', reason: 'unknown-psk-identity' });
  });

  test('a key share where none was offered', () => {
    const withShare = rewriteBody('serverHello', (body) => {
      const hello = readServerHello(body);
      const share = Uint8Array.of(0, 29, 0, 32, ...new Uint8Array(32).fill(9));
      return writeServerHello({ ...hello, extensions: new Map(hello.extensions).set(EXTENSION.keyShare, share) });
    });
    const alone = { ...ONLY_13, pskModes: ['psk_ke'] } as const;
    const { client } = shakeHands(alone, alone, psk, withShare);
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_PEER', reason: 'unoffered-extension' });
  });
});
