import { expect, test } from 'vitest';
import { concatBytes } from '../src/wire/bytes.ts';
import { seededBytes } from './support/deterministic-provider.ts';
import { SERVER, TestClient, TestListener } from './support/endpoints.ts';
import { VirtualNetwork } from './support/virtual-network.ts';

/** `pnpm test:long` floods a socket with 50,000. */
const FLOOD = 5_000;

/** A client's first ClientHello, each time with another random. */
function helloMaker(): () => Uint8Array {
  const network = new VirtualNetwork(1);
  new TestClient(network, 'spoofed');
  network.run(1);
  const hello = network.sent[0]!.datagram;
  const random = seededBytes('flood');
  const at = 13 + 12 + 2; // behind the headers and the version
  return () => concatBytes([hello.subarray(0, at), random(32), hello.subarray(at + 32)]);
}

test(`${FLOOD} ClientHellos from made-up addresses leave nothing behind, get less than they bring, and hold up nobody`, () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  network.run(900);
  const { engine } = listener;
  const makeHello = helloMaker();
  const out = new Uint8Array(2_000);

  for (let number = 0; number < FLOOD; number++) {
    const path = `5684 127.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
    const hello = makeHello();
    engine.receive(hello, path, network.now);
    const answer = engine.pollTransmit(out)!;
    expect(answer.path).toBe(path);
    expect(answer.length).toBeLessThan(hello.length);
    expect(engine.pollTransmit(out)).toBeUndefined();
    if (number % 500 > 0) continue;
    client.send(`amid ${number}`);
    network.run(network.now + 100);
    expect(client.received.at(-1)).toBe(`amid ${number}`);
  }

  expect(engine.stats()).toMatchObject({ peers: 1, handshakes: 0, connected: 1, handshakesFailed: 0 });
  // The one deadline left is that of the association's silence.
  network.remove('client');
  network.run(network.now + 86_400_000);
  expect(engine.stats().peers).toBe(0);
  expect(engine.pollTimeout()).toBeUndefined();
});

test('what waits to be said to strangers is bounded, and associations do not wait behind it', () => {
  const network = new VirtualNetwork(1);
  const { engine } = new TestListener(network);
  const client = new TestClient(network, 'client');
  network.run(900);
  const makeHello = helloMaker();
  for (let number = 0; number < 1_000; number++) engine.receive(makeHello(), `${number}`, network.now);
  engine.send(1, Uint8Array.of(1));
  const out = new Uint8Array(2_000);
  expect(engine.pollTransmit(out)!.path).toBe('client');
  let replies = 0;
  while (engine.pollTransmit(out) !== undefined) replies += 1;
  expect(replies).toBe(256);
  expect(client.closed).toBeUndefined();
  expect(network.sent.filter(({ from }) => from === SERVER)).toHaveLength(3);
});
