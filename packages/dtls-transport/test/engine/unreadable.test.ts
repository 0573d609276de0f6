import { expect, test } from 'vitest';
import { CONTENT_TYPE, readRecordHeader } from '../../src/wire/record.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { plainRecord } from '../support/rewrite.ts';
import { type Sent, VirtualNetwork } from '../support/virtual-network.ts';

/** The records of a datagram that are in the clear. */
function inTheClear(datagram: Uint8Array): Uint8Array {
  let header = readRecordHeader(datagram, 0);
  let end = 0;
  for (; header !== undefined && header.epoch === 0; header = readRecordHeader(datagram, end)) end = header.end;
  return datagram.slice(0, end);
}

const isFlight = ({ from, datagram }: Sent) => from === SERVER && datagram[0] === CONTENT_TYPE.handshake;
const isAlert = ({ from, datagram }: Sent) => from === SERVER && datagram[0] === CONTENT_TYPE.alert;

test('whoever sends records that nobody can read makes a server say little, and ends nothing', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  network.rewrite = ({ from, datagram }) => (from === 'client' ? inTheClear(datagram) : datagram);
  network.run(110); // the server has the client's key and no Finished, so it waits for a readable one
  expect(listener.engine.stats()).toMatchObject({ handshakes: 1, drops: { unauthenticated: 0 } });
  network.filter = ({ from }) => from === SERVER;
  const before = network.sent.filter(isFlight).length;
  for (let sequence = 0; sequence < 1_000; sequence++) {
    network.inject('client', SERVER, plainRecord(CONTENT_TYPE.handshake, new Uint8Array(40), sequence, 1));
  }
  network.run(120);
  expect(listener.engine.stats().drops.unauthenticated).toBe(1_000);
  expect(network.sent.filter(isFlight).length - before).toBe(10);
  expect(network.sent.filter(isAlert)).toHaveLength(1);
  network.filter = () => false;
  network.rewrite = ({ datagram }) => datagram;
  network.run(5_000, () => client.connectedAt !== undefined);
  expect(client.connectedAt).toBeDefined();
  expect(listener.of('connected')).toHaveLength(1);
});

test('a Finished that is damaged on the way is sent again at once, and no alert is made of it', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  let isDamaged = false;
  network.rewrite = ({ from, datagram }) => {
    if (isDamaged || from !== 'client' || inTheClear(datagram).length === datagram.length) return datagram;
    isDamaged = true;
    return datagram.with(datagram.length - 1, datagram.at(-1)! ^ 1);
  };
  network.run(900);
  expect(client.connectedAt).toBe(120 + 40);
  expect(listener.engine.stats().drops.unauthenticated).toBe(1);
  expect(network.sent.filter(isAlert)).toEqual([]);
});
