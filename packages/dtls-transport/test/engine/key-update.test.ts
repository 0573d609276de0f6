import { expect, test } from 'vitest';
import { Connection13 } from '../../src/connection/connection-13.ts';
import type { ConnectionEvent } from '../../src/connection/connection-event.ts';
import { noDrops } from '../../src/drops.ts';
import { CIPHER_SUITES_13 } from '../../src/handshake/cipher-suites-13.ts';
import { ClientHandshake13 } from '../../src/handshake/client-handshake-13.ts';
import type { HandshakeHost13 } from '../../src/handshake/handshake-13.ts';
import { ServerHandshake13 } from '../../src/handshake/server-handshake-13.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { seededBytes } from '../support/deterministic-provider.ts';
import { identity } from '../support/endpoints.ts';

/** Two connections, and what is on the way between them: `false` loses a datagram. */
function connectionPair(passes: (datagram: Uint8Array) => boolean = () => true) {
  const drops = noDrops();
  const config = {
    ...{ crypto: nodeCrypto, randomBytes: seededBytes('key update'), groups: ['x25519'] as const, drops },
    ...{ cipherSuites: CIPHER_SUITES_13, recordSizeLimit: undefined, maxDatagram: 1_232, keyLog: undefined },
    ...{ handshakeTimeout: 60_000, retransmissionTimeout: 1_000, maxReassemblyBytes: 65_536 },
  };
  let shake!: ClientHandshake13;
  const client = new Connection13(config, 'client', true, 0, (host: HandshakeHost13) => {
    const policy = {
      serverName: undefined,
      psk: undefined,
      pskModes: [],
      packer: undefined,
      identity: undefined,
      rawKey: undefined,
      certificateTypes: ['x509'] as const,
      olderSuites: [],
    };
    shake = new ClientHandshake13(host, policy, 0);
    return shake;
  });
  const server = new Connection13(config, 'server', true, 0, (host) => {
    return new ServerHandshake13(
      host,
      {
        identity,
        rawKey: undefined,
        psk: false,
        pskModes: [],
        packer: undefined,
        clientCertificateTypes: [],
        clientCertificate: undefined,
      },
      undefined,
    );
  });
  const out = new Uint8Array(2_000);
  const data: Record<'client' | 'server', string[]> = { client: [], server: [] };
  const closed: unknown[] = [];
  const onEvent = (side: 'client' | 'server', event: ConnectionEvent, now: number) => {
    if (event.type === 'peerCertificate') client.run(() => shake.acceptPeer(identity.key.spki, now), now);
    if (event.type === 'data') data[side].push(new TextDecoder().decode(event.data));
    if (event.type === 'closed') closed.push(event.error);
  };
  function settle(now: number): void {
    for (let progress = true; progress; ) {
      progress = false;
      for (const [side, from, to] of [['client', client, server] as const, ['server', server, client] as const]) {
        for (let event = from.pollEvent(); event !== undefined; event = from.pollEvent()) onEvent(side, event, now);
        for (let length = from.pollTransmit(out); length > 0; length = from.pollTransmit(out)) {
          progress = true;
          if (passes(out.subarray(0, length))) to.receive(out.slice(0, length), now);
        }
      }
    }
  }
  settle(0);
  return { client, server, data, closed, settle, drops };
}

const text = (value: string) => new TextEncoder().encode(value);

test('keys change again and again, each way, while data passes', () => {
  const { client, server, data, closed, settle } = connectionPair();
  for (let turn = 0; turn < 12; turn++) {
    const [first, second] = turn % 2 === 0 ? [client, server] : [server, client];
    first.changeKeys(turn % 3 === 0, turn);
    second.changeKeys(false, turn);
    client.send(text(`up ${turn}`));
    server.send(text(`down ${turn}`));
    settle(turn);
  }
  expect(data.server).toEqual(Array.from({ length: 12 }, (_, turn) => `up ${turn}`));
  expect(data.client).toEqual(Array.from({ length: 12 }, (_, turn) => `down ${turn}`));
  expect(closed).toEqual([]);
});

test('RFC 9147 8: the old keys are used until the change is acknowledged, and it is sent until then', () => {
  let isOpen = true;
  const { client, server, data, settle } = connectionPair(() => isOpen);
  isOpen = false;
  client.changeKeys(false, 10);
  settle(10);
  isOpen = true;
  client.send(text('still with the old keys'));
  settle(11);
  expect(data.server).toEqual(['still with the old keys']);
  expect(client.pollTimeout()).toBe(1_010);
  client.handleTimeout(1_010);
  settle(1_010);
  client.send(text('with the new ones'));
  server.send(text('and back'));
  settle(1_011);
  expect(data).toEqual({ server: ['still with the old keys', 'with the new ones'], client: ['and back'] });
});

test.each(['client', 'server'] as const)('the %s acknowledges each change once (RFC 9147 7)', (side) => {
  const lengths: number[] = [];
  const { client, server, settle } = connectionPair((datagram) => lengths.push(datagram.length) > 0);
  const peer = side === 'client' ? server : client;
  for (let turn = 0; turn < 4; turn++) {
    lengths.length = 0;
    peer.changeKeys(false, turn);
    settle(turn);
    // Each header has 2 bytes, each record 1 of type and 16 of tag: a KeyUpdate, and the ACK with one number.
    expect(lengths).toEqual([2 + 13 + 17, 2 + 18 + 17]);
  }
});

test('nothing changes before the handshake is done, nor twice at a time', () => {
  let sent = 0;
  const { client, settle } = connectionPair(() => ++sent > 0);
  const before = sent;
  client.changeKeys(false, 0);
  client.changeKeys(false, 0);
  settle(0);
  expect(sent - before).toBe(2); // one KeyUpdate and its ACK
});

test('what keeps no place is let go after a minute', () => {
  const { client, server } = connectionPair();
  for (const side of [client, server]) {
    expect(side.pollTimeout()).toBe(60_000);
    side.handleTimeout(60_000);
    expect(side.pollTimeout()).toBeUndefined();
  }
});
