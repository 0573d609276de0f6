import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ALERT } from '../../src/wire/alert.ts';
import { readClientHello, writeClientHello } from '../../src/wire/client-hello.ts';
import { EXTENSION } from '../../src/wire/extensions.ts';
import { CONTENT_TYPE, readRecordHeader } from '../../src/wire/record.ts';
import { readServerHello, writeServerHello } from '../../src/wire/server-hello.ts';
import { identity, SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { rewriteBody } from '../support/rewrite.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';
import { WireView } from '../support/wire-view.ts';

const CHACHA_OVERHEAD = 13 + 16;
const FREE = 1_232 - CHACHA_OVERHEAD;

function associate(client: Partial<DtlsClientOptions>, listener: Partial<DtlsListenerOptions> = {}) {
  const network = new VirtualNetwork(1);
  const theirs = new TestListener(network, listener);
  const ours = new TestClient(network, 'client', client);
  network.run(900, () => ours.connectedAt !== undefined);
  return { network, client: ours, listener: theirs, peer: theirs.peer! };
}

test.each<[string, Partial<DtlsClientOptions>, Partial<DtlsListenerOptions>, number, number]>([
  ['none of the two', {}, {}, FREE, FREE],
  ['the client', { recordSizeLimit: 512 }, {}, FREE, 512],
  ['both', { recordSizeLimit: 512 }, { recordSizeLimit: 64 }, 64, 512],
  ['the server alone, who cannot tell it unasked', {}, { recordSizeLimit: 64 }, FREE, FREE],
  ['both, beyond what a datagram holds', { recordSizeLimit: 16_384 }, { recordSizeLimit: 16_384 }, FREE, FREE],
])('%s, with a limit: each side sends what the other takes', (_name, client, listener, fromClient, fromServer) => {
  const both = associate(client, listener);
  expect(both.client.engine.maxPayload).toBe(fromClient);
  expect(both.listener.engine.maxPayloadOf(both.peer)).toBe(fromServer);
  const tooLarge = expect.objectContaining({ reason: 'too-large' });
  expect(() => both.client.engine.send(new Uint8Array(fromClient + 1))).toThrow(tooLarge);
  expect(() => both.listener.engine.send(both.peer, new Uint8Array(fromServer + 1))).toThrow(tooLarge);
  const echoed = 'x'.repeat(Math.min(fromClient, fromServer));
  both.client.send(echoed);
  both.network.run(both.network.now + 100);
  expect(both.client.received).toEqual([echoed]);
});

test('data that waited for the handshake and is longer than the limit is lost, and counted', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network, { recordSizeLimit: 100 });
  const client = new TestClient(network, 'client', { recordSizeLimit: 100 });
  client.send('y'.repeat(101));
  client.send('z'.repeat(100));
  network.run(900);
  expect(listener.received).toEqual(['z'.repeat(100)]);
  expect(client.engine.drops().overflow).toBe(1);
});

test('a peer that does not keep to our limit is not heard (RFC 8449 4)', () => {
  const keyLog: string[] = [];
  const { network, client } = associate({ recordSizeLimit: 64, keyLog: (line) => keyLog.push(line) });
  const view = new WireView(nodeCrypto, keyLog);
  for (const { from, datagram } of network.sent) view.open(datagram, from === SERVER ? 'server' : 'client');
  const say = (sequence: number, length: number) => {
    const header = { type: CONTENT_TYPE.applicationData, epoch: 1, sequence };
    network.inject(SERVER, 'client', view.seal('server', header, new Uint8Array(length).fill(65)));
    network.run(network.now + 100);
  };
  say(7, 65);
  say(8, 64);
  expect(client.received).toEqual(['A'.repeat(64)]);
  expect(client.engine.drops().overflow).toBe(1);
});

describe('a limit below 64 is an error (RFC 8449 4)', () => {
  const tooSmall = Uint8Array.of(0, 63);
  const inClientHello = rewriteBody('clientHello', (body) => {
    const hello = readClientHello(body);
    return writeClientHello({
      ...hello,
      extensions: new Map(hello.extensions).set(EXTENSION.recordSizeLimit, tooSmall),
    });
  });
  const inServerHello = rewriteBody('serverHello', (body) => {
    const hello = readServerHello(body);
    return writeServerHello({
      ...hello,
      extensions: new Map(hello.extensions).set(EXTENSION.recordSizeLimit, tooSmall),
    });
  });

  test.each([
    ['client', inClientHello, { code: 'ERR_DTLS_ALERT', alert: ALERT.illegal_parameter }],
    [SERVER, inServerHello, { reason: 'bad-extension', alert: ALERT.illegal_parameter }],
  ])('of the %s', (from, rewrite, error) => {
    const network = new VirtualNetwork(1);
    new TestListener(network);
    const client = new TestClient(network, 'client', { recordSizeLimit: 512 });
    network.rewrite = (sent) => (sent.from === from ? rewrite(sent.datagram) : sent.datagram);
    network.run(5_000);
    expect(client.closed?.error).toMatchObject(error);
  });

  test('more than 2^14 is no error of a client: it may be for other versions', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client', { recordSizeLimit: 512 });
    const large = Uint8Array.of(0xff, 0xff);
    // The transcripts differ then; the answer is what counts here.
    network.rewrite = ({ from, datagram }) =>
      from === 'client'
        ? rewriteBody('clientHello', (body) => {
            const hello = readClientHello(body);
            return writeClientHello({
              ...hello,
              extensions: new Map(hello.extensions).set(EXTENSION.recordSizeLimit, large),
            });
          })(datagram)
        : datagram;
    network.run(500);
    expect(client.events).toEqual(['peerCertificate']);
    expect(listener.engine.stats().handshakes).toBe(1);
  });
});

test.each(['1.2', '1.3'] as const)(
  'DTLS %s: no record has more than 2^14 bytes, however long a datagram may be',
  (version) => {
    const long = { key: identity.key, chain: [...identity.chain, new Uint8Array(20_000).fill(1)] };
    const network = new VirtualNetwork(1);
    const options = { versions: [version], maxDatagram: 40_000 };
    new TestListener(network, { ...options, identity: long });
    const client = new TestClient(network, 'client', options, long);
    network.run(900);
    expect(client.connectedAt).toBeDefined();
    const lengths = network.sent.map(({ datagram }) => datagram.length);
    expect(Math.max(...lengths)).toBeGreaterThan(20_000);
    for (const { datagram } of network.sent) {
      for (
        let header = readRecordHeader(datagram, 0);
        header !== undefined;
        header = readRecordHeader(datagram, header.end)
      )
        expect(header.end - header.start).toBeLessThanOrEqual(0x4000 + 256);
    }
  },
);
