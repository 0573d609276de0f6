import { describe, expect, test } from 'vitest';
import { ALERT } from '../../src/wire/alert.ts';
import { HANDSHAKE_TYPE, handshakeMessage } from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE } from '../../src/wire/record.ts';
import { associate, SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { patched, plainRecord } from '../support/rewrite.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** The client's last datagram. */
function lastOf(network: VirtualNetwork, from: string): Uint8Array {
  return network.sent.filter((sent) => sent.from === from).at(-1)!.datagram;
}

/** The association still carries data both ways. */
function expectAlive({ network, client }: { network: VirtualNetwork; client: TestClient }): void {
  const before = client.received.length;
  client.send('alive');
  network.run(network.now + 100);
  expect(client.received.slice(before)).toEqual(['alive']);
}

describe('many at once', () => {
  test('a stalled handshake blocks nobody', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { handshakeTimeout: 60_000 });
    for (let index = 0; index < 100; index++) {
      const stalled = new TestClient(network, `stalled ${index}`);
      stalled.judge = () => network.remove(`stalled ${index}`); // gone after the server's flight
    }
    network.run(500);
    expect(listener.engine.stats().handshakes).toBe(100);
    const client = new TestClient(network, 'client');
    network.run(1_500);
    expect(client.connectedAt).toBe(500 + 120);
    network.run(70_000);
    expect(listener.engine.stats()).toMatchObject({ peers: 1, handshakes: 0, handshakesFailed: 100 });
  });

  test('beyond `maxHandshakes` the oldest handshake is given up', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { maxHandshakes: 2 });
    const clients = ['first', 'second', 'third'].map((address) => {
      const client = new TestClient(network, address, { handshakeTimeout: 30_000 });
      client.judge = () => {};
      network.run(network.now + 100);
      return client;
    });
    expect(listener.engine.stats()).toMatchObject({ handshakes: 2, handshakesFailed: 1 });
    for (const { engine } of clients) engine.acceptPeer(listener.identity.key.spki, network.now);
    network.run(40_000);
    expect(clients.map(({ connectedAt }) => connectedAt !== undefined)).toEqual([false, true, true]);
    // The first hears at once that nobody knows it any more.
    expect(clients[0]?.closed?.error).toMatchObject({ code: 'ERR_DTLS_ALERT', alert: ALERT.unexpected_message });
  });

  test('beyond `maxPeers` the association that was silent for longest is closed', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { maxPeers: 2 });
    const [first, second] = ['first', 'second'].map((address) => new TestClient(network, address));
    network.run(500);
    first!.send('I am here');
    network.run(1_000);
    const third = new TestClient(network, 'third');
    network.run(1_500);
    expect(third.connectedAt).toBeDefined();
    expect(second!.closed).toEqual({ error: undefined }); // it was told
    expect(first!.closed).toBeUndefined();
    expect(listener.of('closed')).toMatchObject([{ peer: 2, error: { reason: 'evicted' } }]);
    expect(listener.engine.stats().peers).toBe(2);
  });

  test('an association that says nothing for `idleTimeout` is closed; hearing from it counts, sending to it does not', () => {
    const { network, listener, client } = associate({ idleTimeout: 10_000 });
    network.run(9_000);
    client.send('here');
    network.run(18_000);
    listener.engine.send(listener.peer!, bytes('are you there?'));
    expect(listener.of('closed')).toEqual([]);
    network.run(20_000);
    expect(listener.of('closed')).toMatchObject([{ error: { code: 'ERR_DTLS_TIMEOUT', reason: 'idle' } }]);
    expect(client.closed).toEqual({ error: undefined });
    expect(listener.engine.pollTimeout()).toBeUndefined();
  });
});

describe('one bad datagram costs only itself', () => {
  test('any byte of a record changed: the record is dropped, the association lives', () => {
    const association = associate();
    const { network, listener, client } = association;
    const out = new Uint8Array(2_000);
    const length = 29 + 'original'.length;
    for (let at = 0; at < length; at++) {
      client.engine.send(bytes('original'));
      const record = out.slice(0, client.engine.pollTransmit(out)!.length);
      network.inject('client', SERVER, patched(record, at, record[at]! ^ 0x40));
      network.run(network.now + 1);
    }
    expect(listener.received).toEqual([]);
    expectAlive(association);
  });

  test.each([
    ['nothing', []],
    ['one byte', [22]],
    ['half a header', [23, 254, 253, 0, 1]],
    ['a record that promises more', [23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 255, 255, 1]],
    ['another protocol', [0x40, 1, 0x12, 0x34, 0xb1, 0x30]],
    ['an epoch to come', [23, 254, 253, 0, 2, 0, 0, 0, 0, 0, 9, 0, 1, 1]],
    ['a plain record without content', [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0]],
  ])('%s', (_name, content) => {
    const association = associate();
    const { network } = association;
    for (const [from, to] of [
      ['client', SERVER],
      [SERVER, 'client'],
    ] as const) {
      network.inject(from, to, Uint8Array.from(content));
    }
    network.run(network.now + 10);
    expectAlive(association);
  });

  test('a good record behind a forged one in the same datagram is read', () => {
    const { network, listener, client } = associate();
    client.engine.send(bytes('good'));
    const out = new Uint8Array(2_000);
    const { length } = client.engine.pollTransmit(out)!;
    const good = out.slice(0, length);
    const forged = patched(good, -1, good.at(-1)! ^ 1);
    network.inject('client', SERVER, new Uint8Array([...patched(forged, 10, 9), ...good]));
    network.run(network.now + 10);
    expect(listener.received).toEqual(['good']);
  });
});

test('a client takes datagrams of its path only', () => {
  const association = associate();
  const { network, listener, client } = association;
  listener.engine.send(listener.peer!, bytes('from elsewhere'));
  const out = new Uint8Array(2_000);
  const record = out.slice(0, listener.engine.pollTransmit(out)!.length);
  network.inject('elsewhere', 'client', record);
  network.run(network.now + 10);
  expect(client.received).toEqual([]);
  expect(client.engine.drops().unknown).toBe(1);
  network.inject(SERVER, 'client', record);
  network.run(network.now + 10);
  expect(client.received).toEqual(['from elsewhere']);
});

test('a plain copy of the last message does not bring the last flight again', () => {
  const association = associate();
  const { network } = association;
  const sent = network.sent.length;
  for (let seq = 0; seq < 6; seq++) {
    const { raw } = handshakeMessage(HANDSHAKE_TYPE.clientKeyExchange, seq, new Uint8Array(33));
    network.inject('client', SERVER, plainRecord(CONTENT_TYPE.handshake, raw));
  }
  network.run(network.now + 100);
  expect(network.sent).toHaveLength(sent);
  expectAlive(association);
});

test('a replayed record is dropped, however late', () => {
  const { network, listener, client } = associate();
  client.send('once');
  network.run(network.now + 100);
  const record = lastOf(network, 'client');
  network.inject('client', SERVER, record);
  for (let count = 0; count < 100; count++) client.send(`${count}`);
  network.run(network.now + 100);
  network.inject('client', SERVER, record);
  network.run(network.now + 100);
  expect(listener.received.filter((text) => text === 'once')).toHaveLength(1);
  expect(listener.engine.stats().drops.replayed).toBe(2);
});

test('a forged record with a far number does not move the replay window (CVE-2016-2181, CVE-2021-42142)', () => {
  const association = associate();
  const { network, client } = association;
  client.send('x');
  network.run(network.now + 100);
  network.inject('client', SERVER, patched(lastOf(network, 'client'), 5, 0x7f, 0xff, 0xff));
  network.run(network.now + 10);
  expectAlive(association);
});

test('application data in epoch 0 is dropped on both sides (CVE-2020-24585)', () => {
  const association = associate();
  const { network, listener, client } = association;
  const plain = plainRecord(CONTENT_TYPE.applicationData, bytes('plain'), 77);
  network.inject('client', SERVER, plain);
  network.inject(SERVER, 'client', plain);
  network.run(network.now + 10);
  expect([...listener.received, ...client.received]).toEqual([]);
  expect(listener.engine.stats().drops.unexpected).toBe(1);
  expect(client.engine.drops().unexpected).toBe(1);
  expectAlive(association);
});

test('application data in epoch 0 is dropped during a handshake too', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  const plain = plainRecord(CONTENT_TYPE.applicationData, bytes('plain'), 77);
  for (let at = 0; at <= 120; at += 10) {
    network.inject('client', SERVER, plain);
    network.inject(SERVER, 'client', plain);
    network.run(at);
  }
  network.run(900);
  expect(client.connectedAt).toBeDefined();
  expect([...listener.received, ...client.received]).toEqual([]);
});

describe('a client that comes again from the same address and port (RFC 6347 4.2.8)', () => {
  test('a vanished session can reconnect, and takes the place of the old one when its handshake is done', () => {
    const { network, listener } = associate();
    network.remove('client');
    const again = new TestClient(network, 'client');
    network.run(network.now + 99);
    expect(listener.of('closed')).toEqual([]); // not before the client's Finished
    network.run(network.now + 100);
    expect(again.connectedAt).toBeDefined();
    expect(listener.events.map(({ type, peer }) => `${type} ${peer}`)).toEqual([
      'connected 1',
      'closed 1',
      'connected 2',
    ]);
    expect(listener.of('closed')[0]?.error).toMatchObject({ code: 'ERR_DTLS_REFUSED', reason: 'replaced' });
    expectAlive({ network, client: again });
  });

  test('the old association works until the new one is there', () => {
    const { network, listener, client } = associate();
    network.remove('client');
    const again = new TestClient(network, 'client');
    again.judge = () => {}; // stalls
    network.run(network.now + 100);
    expect(listener.engine.stats()).toMatchObject({ peers: 1, handshakes: 1 });
    client.engine.send(bytes('still me'));
    const out = new Uint8Array(2_000);
    network.inject('client', SERVER, out.slice(0, client.engine.pollTransmit(out)!.length));
    network.run(network.now + 10);
    expect(listener.received).toEqual(['still me']);
  });

  test('a spoofed ClientHello cannot kill a live association', () => {
    const association = associate();
    const { network, listener } = association;
    const attacker = new VirtualNetwork(2);
    const forger = new TestClient(attacker, 'client');
    expect(forger.closed).toBeUndefined();
    const hello = attacker.sent[0]!.datagram;
    for (let count = 0; count < 50; count++) network.inject('client', SERVER, hello);
    network.run(network.now + 100);
    expect(listener.engine.stats()).toMatchObject({ peers: 1, handshakes: 0 });
    expectAlive(association);
  });

  test('a ClientHello with a cookie from another address begins nothing', () => {
    const { network, listener } = associate();
    const hello = network.sent[2]!.datagram;
    network.inject('elsewhere', SERVER, hello);
    network.run(network.now + 10);
    expect(listener.engine.stats().handshakes).toBe(0);
    expect(network.sent.at(-1)).toMatchObject({ from: SERVER, to: 'elsewhere' });
    expect(lastOf(network, SERVER)[13]).toBe(3); // HelloVerifyRequest
  });

  test('a late copy of the ClientHello that began the association begins nothing', () => {
    const association = associate();
    const { network, listener } = association;
    const sent = network.sent.length;
    network.inject('client', SERVER, network.sent[2]!.datagram);
    network.run(network.now + 5_000);
    expect(listener.engine.stats().handshakes).toBe(0);
    expect(network.sent).toHaveLength(sent);
    expectAlive(association);
  });

  test('another ClientHello in mid-handshake takes the place of the first', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    new TestClient(network, 'client').judge = () => {};
    network.run(500);
    const again = new TestClient(network, 'client');
    network.run(900);
    expect(again.connectedAt).toBeDefined();
    expect(listener.engine.stats()).toMatchObject({ peers: 1, handshakes: 0, handshakesFailed: 1 });
  });
});

describe('alerts', () => {
  const fatal = plainRecord(CONTENT_TYPE.alert, Uint8Array.of(2, ALERT.internal_error), 2 ** 32);

  test('an alert without protection is only a hint to a client, and nothing to a server', () => {
    const association = associate();
    const { network, listener, client } = association;
    network.inject(SERVER, 'client', fatal);
    network.inject('client', SERVER, fatal);
    network.run(network.now + 10);
    expect(client.events).toEqual(['peerCertificate', 'connected', 'hint']);
    expect(listener.events.map(({ type }) => type)).toEqual(['connected']);
    expectAlive(association);
  });

  test('a fatal alert in a handshake ends it half a second later, with number and name', () => {
    const network = new VirtualNetwork(1);
    const client = new TestClient(network, 'client');
    network.inject(SERVER, 'client', plainRecord(CONTENT_TYPE.alert, Uint8Array.of(1, ALERT.unrecognized_name)));
    network.run(500);
    expect(client.closed).toBeUndefined(); // a warning
    network.inject(SERVER, 'client', fatal);
    network.run(999);
    expect(client.closed).toBeUndefined();
    network.run(1_000);
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_ALERT', alert: 80, alertName: 'internal_error' });
  });

  test('a forged alert does not end a handshake that goes on', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client');
    for (let at = 0; at < 120; at += 10) {
      network.inject(SERVER, 'client', fatal);
      network.inject('client', SERVER, fatal);
      network.run(at);
    }
    network.run(5_000);
    expect(client.connectedAt).toBe(120);
    expect(listener.engine.stats().peers).toBe(1);
  });

  test('a forged alert is forgotten once the association is there', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client');
    network.run(110);
    network.inject(SERVER, 'client', fatal);
    network.run(900);
    for (const { engine } of [client, listener]) engine.handleTimeout(5_000);
    expectAlive({ network, client });
  });

  test('forged alerts do not add up on a slow network', () => {
    const network = new VirtualNetwork(1, { latency: 200 });
    new TestListener(network);
    const client = new TestClient(network, 'client');
    for (let at = 0; at < 1_200; at += 50) {
      network.inject(SERVER, 'client', fatal);
      network.inject('client', SERVER, fatal);
      network.run(at);
    }
    network.run(5_000);
    expect(client.connectedAt).toBe(1_200);
  });

  test('close_notify ends the association on both sides, and is answered', () => {
    const { network, listener, client } = associate();
    listener.engine.closePeer(listener.peer!);
    network.run(network.now + 100);
    expect(client.closed).toEqual({ error: undefined });
    expect(listener.of('closed')).toEqual([{ type: 'closed', peer: 1, error: undefined }]);
    expect(lastOf(network, 'client')).toHaveLength(31);
    expect(() => client.send('late')).toThrow(expect.objectContaining({ reason: 'closed' }));
    expect(() => listener.engine.send(1, bytes('late'))).toThrow(expect.objectContaining({ reason: 'closed' }));
    listener.engine.closePeer(1); // nothing is left to close
    // The answer came to an association that is gone; an alert is not answered with an alert.
    expect(network.sent.at(-1)?.from).toBe('client');
  });

  test('closing a listener tells every peer and gives up every handshake', () => {
    const { network, listener, client } = associate();
    new TestClient(network, 'stalled').judge = () => {};
    network.run(network.now + 100);
    expect(listener.engine.stats()).toMatchObject({ peers: 1, handshakes: 1 });
    listener.engine.close();
    network.run(network.now + 100);
    expect(client.closed).toEqual({ error: undefined });
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0 });
    expect(listener.engine.pollTimeout()).toBeUndefined();
  });
});

describe('a record of an unknown association', () => {
  function restart() {
    const { network, client } = associate();
    const listener = new TestListener(network); // a new process at the old address
    const before = network.sent.length;
    return {
      network,
      client,
      listener,
      answers: () => network.sent.slice(before).filter(({ from }) => from === SERVER),
    };
  }

  test('gets one fatal alert that is not longer than it', () => {
    const { network, client, answers } = restart();
    client.send('x');
    network.run(network.now + 100);
    expect(answers().map(({ to, datagram }) => [to, [...datagram.subarray(0, 3)], [...datagram.subarray(13)]])).toEqual(
      [['client', [21, 254, 253], [2, ALERT.unexpected_message]]],
    );
    expect(client.events.at(-1)).toBe('hint');
  });

  test('an alert gets none, nor does what cannot have been an association', () => {
    const { network, client, answers } = restart();
    client.engine.close();
    network.inject('client', SERVER, plainRecord(CONTENT_TYPE.applicationData, bytes('plain data')));
    network.inject('client', SERVER, plainRecord(CONTENT_TYPE.handshake, new Uint8Array(30)));
    network.inject('client', SERVER, plainRecord(CONTENT_TYPE.applicationData, bytes('x'), 1, 1)); // shorter than an alert
    network.run(network.now + 100);
    expect(answers()).toEqual([]);
  });

  test('at most a thousand of them in a second', () => {
    const { network, listener, answers } = restart();
    const record = plainRecord(CONTENT_TYPE.applicationData, new Uint8Array(40), 1, 1);
    for (let count = 0; count < 3_000; count++) network.inject(`address ${count}`, SERVER, record);
    network.run(network.now + 1);
    expect(answers()).toHaveLength(1_000);
    expect(listener.engine.stats().drops.unknown).toBe(3_000);
    network.run(network.now + 500);
    for (let count = 0; count < 3_000; count++) network.inject(`address ${count}`, SERVER, record);
    network.run(network.now + 1);
    expect(answers().length).toBeGreaterThanOrEqual(1_500);
    expect(answers().length).toBeLessThan(1_520);
  });

  test('replies that nobody takes are bounded', () => {
    const { listener } = restart();
    const record = plainRecord(CONTENT_TYPE.applicationData, new Uint8Array(40), 1, 1);
    for (let count = 0; count < 900; count++) listener.engine.receive(record, `address ${count}`, 0);
    const out = new Uint8Array(2_000);
    let replies = 0;
    while (listener.engine.pollTransmit(out) !== undefined) replies += 1;
    expect(replies).toBe(256);
  });
});
