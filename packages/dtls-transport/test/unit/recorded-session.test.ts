import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readClientOffer } from '../../src/handshake/client-offer.ts';
import { keyLogLine, prf, trafficKeys, verifyData } from '../../src/handshake/key-schedule.ts';
import { SIGNATURE_SCHEME } from '../../src/handshake/parameters.ts';
import { isWholeServerFlight, readServerFlight } from '../../src/handshake/server-flight.ts';
import { Transcript } from '../../src/handshake/transcript.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ReadEpoch } from '../../src/record/read-epoch.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { readClientHello } from '../../src/wire/client-hello.ts';
import {
  HANDSHAKE_HEADER_LENGTH,
  type HandshakeMessage,
  handshakeMessage,
  readHandshakeFragment,
} from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE, type RecordHeader, readRecordHeader } from '../../src/wire/record.ts';
import { subjectPublicKeyInfo } from '../../src/x509/parse-certificate.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const session: Record<string, string> = JSON.parse(
  readFileSync(new URL('../fixtures/pion-session.json', import.meta.url), 'utf8'),
);
const datagram = (name: string) => bytes(session[name]!);

function recordsOf(bytes: Uint8Array): RecordHeader[] {
  const headers: RecordHeader[] = [];
  for (let header = readRecordHeader(bytes, 0); header !== undefined; header = readRecordHeader(bytes, header.end))
    headers.push(header);
  return headers;
}

/** The plain messages of a datagram; none of this session is fragmented. */
function messagesOf(name: string): HandshakeMessage[] {
  const all = datagram(name);
  return recordsOf(all)
    .filter(({ type, epoch }) => type === CONTENT_TYPE.handshake && epoch === 0)
    .map(({ start }) => readHandshakeFragment(all.subarray(start), 0)!)
    .map(({ type, messageSeq, bytes: body }) => handshakeMessage(type, messageSeq, body));
}

const [hello] = messagesOf('clientHelloWithCookie');
const serverMessages = messagesOf('serverFlight');
const [clientKeyExchange] = messagesOf('clientFlight');
const masterSecret = bytes(session.keyLog!.split(' ')[2]!);
const clientRandom = readClientHello(hello!.body).random;

test('an existing client offers what we take', () => {
  const offer = readClientOffer(hello!.body, ['x25519', 'secp256r1']);
  expect(offer).toMatchObject({ group: 'x25519', random: clientRandom });
  expect([...offer.answer.keys()]).toEqual([23, 0xff01, 11]);
  expect(keyLogLine(clientRandom, masterSecret)).toBe(session.keyLog);
});

test('an existing server says what we take, and its certificate signs its key exchange', () => {
  expect(isWholeServerFlight(serverMessages)).toBe(true);
  const flight = readServerFlight(serverMessages, readClientHello(hello!.body).extensions, ['x25519']);
  const { params, signature } = flight.keyExchange;
  const signed = concatBytes([clientRandom, flight.serverRandom, params]);
  const spki = subjectPublicKeyInfo(flight.chain[0]!);
  expect(nodeCrypto.verify(SIGNATURE_SCHEME, spki, signed, signature)).toBe(true);
});

test('from its master secret come the keys of its records, and the contents of its Finished messages', () => {
  const { serverRandom } = readServerFlight(serverMessages, readClientHello(hello!.body).extensions, ['x25519']);
  const keys = trafficKeys(nodeCrypto, masterSecret, clientRandom, serverRandom);
  const client = new ReadEpoch(1, keys.client);
  const server = new ReadEpoch(1, keys.server);
  const open = (epoch: ReadEpoch, name: string) => epoch.open(recordsOf(datagram(name)).at(-1)!, datagram(name));

  const transcript = new Transcript(nodeCrypto, [hello!, ...serverMessages, clientKeyExchange!]);
  const clientFinished = handshakeMessage(20, 3, verifyData(nodeCrypto, masterSecret, 'client', transcript.hash()));
  expect(open(client, 'clientFlight')).toEqual(clientFinished.raw);
  const through = transcript.with(clientFinished).hash();
  const serverFinished = verifyData(nodeCrypto, masterSecret, 'server', through);
  expect((open(server, 'serverFinished') as Uint8Array).subarray(HANDSHAKE_HEADER_LENGTH)).toEqual(serverFinished);
  expect(Buffer.from(open(client, 'clientData') as Uint8Array).toString('hex')).toBe('41010f5f01b130112a'); // CoAP: GET /0
});

test('the PRF is P_SHA256 of RFC 5246 5', () => {
  // The vector that the TLS working group's mailing list has passed around.
  const secret = bytes('9bbe436ba940f017b17652849a71db35');
  const seed = bytes('a0ba9f936cda311827a6f796ffd5198c');
  expect(Buffer.from(prf(nodeCrypto, secret, 'test label', seed, 100)).toString('hex')).toBe(
    'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af' +
      '0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff7018734' +
      '7b66',
  );
});
