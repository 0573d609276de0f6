import { expect, test } from 'vitest';
import { concatBytes } from '../src/wire/bytes.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage, handshakeMessage } from '../src/wire/handshake-message.ts';
import { CONTENT_TYPE, RECORD_HEADER_LENGTH } from '../src/wire/record.ts';
import { Conversation } from './support/conversation.ts';
import { SERVER, TestClient, TestListener } from './support/endpoints.ts';
import { HANDSHAKE_KINDS } from './support/handshake-kinds.ts';
import { plainRecord, rewriteFlight } from './support/rewrite.ts';
import { VirtualNetwork } from './support/virtual-network.ts';
import { WireView } from './support/wire-view.ts';

/** What the mutation campaigns and the state tables have found, each as a case of its own. */

const { clientHello, serverHello, certificateRequest } = HANDSHAKE_TYPE;

/** A client to which the server's first flight comes changed, once. */
function damagedOnce(change: (messages: HandshakeMessage[]) => Uint8Array): TestClient {
  const network = new VirtualNetwork(1);
  new TestListener(network);
  const client = new TestClient(network, 'client');
  let isDone = false;
  network.rewrite = ({ from, datagram }) => {
    if (isDone || from !== SERVER || datagram[RECORD_HEADER_LENGTH] !== serverHello) return datagram;
    isDone = true;
    let changed = datagram;
    rewriteFlight((messages) => {
      changed = plainRecord(CONTENT_TYPE.handshake, change(messages));
      return messages;
    })(datagram);
    return changed;
  };
  network.run(5_000);
  expect(isDone).toBe(true);
  return client;
}

test('a forged ServerHello that overtakes the HelloVerifyRequest does not end the handshake', () => {
  const forged = handshakeMessage(serverHello, 0, new Uint8Array(40));
  const network = new VirtualNetwork(1);
  new TestListener(network);
  const client = new TestClient(network, 'client');
  network.inject(SERVER, 'client', plainRecord(CONTENT_TYPE.handshake, forged.raw));
  network.run(5_000);
  expect(client.connectedAt).toBe(120); // it cannot be read, so that is asked again at once
});

test('a message that lets the client wait for one more does not end the handshake', () => {
  const client = damagedOnce((messages) => {
    const { messageSeq, body } = messages.at(-1)!;
    const raw = messages.map((message) => message.raw);
    return concatBytes([...raw.slice(0, -1), handshakeMessage(certificateRequest, messageSeq, body).raw]);
  });
  expect(client.connectedAt).toBeDefined();
});

test('two copies of a damaged message in one record are not its repetition', () => {
  const client = damagedOnce(([hello, certificate]) => {
    const damaged = handshakeMessage(certificateRequest, certificate!.messageSeq, certificate!.body);
    return concatBytes([hello!.raw, damaged.raw, hello!.raw, damaged.raw]);
  });
  expect(client.connectedAt).toBeDefined();
});

test('a ClientHello that looks like a fragment lets no damaged one past the cookie', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  let isDone = false;
  network.rewrite = ({ from, datagram }) => {
    const isSecond = from === 'client' && datagram[RECORD_HEADER_LENGTH] === clientHello && datagram[18] === 1;
    if (isDone || !isSecond) return datagram;
    isDone = true;
    // By its length it goes on in a fragment that never comes.
    network.inject('client', SERVER, datagram.with(16, datagram[16]! + 1));
    return datagram.slice().fill(0xff, -20);
  };
  network.run(5_000);
  expect(isDone).toBe(true);
  expect(client.connectedAt).toBeDefined();
  expect(listener.of('connected')).toHaveLength(1);
});

test('data right behind the Finished, from a client that does not wait for ours (RFC 7918), leaves our last flight alone', () => {
  const [kind] = HANDSHAKE_KINDS;
  const conversation: Conversation = new Conversation(kind!, (datagram, from) => {
    const records = view.open(datagram, from)!;
    const isFinished = from === 'client' && records.some(({ header }) => header.epoch === 1);
    if (!isFinished) return [datagram];
    const early = view.seal('client', { type: CONTENT_TYPE.applicationData, epoch: 1, sequence: 1 }, Uint8Array.of(7));
    return [concatBytes([datagram, early])];
  });
  const view = new WireView(conversation.crypto, conversation.keyLog.client);
  conversation.run(() => conversation.isConnected);
  expect(conversation.now).toBe(0);
  expect(conversation.serverEvents.map(({ type }) => type)).toEqual(['connected', 'data']);
  expect(conversation.connected.client).toBe(true);
});
