import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ConnectionIds } from '../../src/connection/connection-ids.ts';
import { CIPHER_SUITES } from '../../src/handshake/cipher-suites.ts';
import { readClientOffer } from '../../src/handshake/client-offer.ts';
import { keyLogLine, prf, trafficKeys, verifyData } from '../../src/handshake/key-schedule.ts';
import { readServerFlight } from '../../src/handshake/server-flight.ts';
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
  const offer = readClientOffer(hello!.body, {
    groups: ['x25519', 'secp256r1'],
    cipherSuites: CIPHER_SUITES,
    signatureSchemes: ['ecdsa_secp256r1_sha256'],
    recordSizeLimit: undefined,
    ids: new ConnectionIds(undefined),
  });
  const suite = { name: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' };
  expect(offer).toMatchObject({ suite, group: 'x25519', scheme: 'ecdsa_secp256r1_sha256', random: clientRandom });
  expect([...offer.answer.keys()]).toEqual([23, 0xff01, 11]);
  expect(keyLogLine(clientRandom, masterSecret)).toBe(session.keyLog);
});

const flight = readServerFlight(serverMessages, {
  extensions: readClientHello(hello!.body).extensions,
  cipherSuites: CIPHER_SUITES,
  groups: ['x25519'],
  signatureSchemes: ['ecdsa_secp256r1_sha256'],
})!;

test('an existing server says what we take, and its certificate signs its key exchange', () => {
  const { params, scheme, signature } = flight.signed!;
  const signed = concatBytes([clientRandom, flight.serverRandom, params]);
  const spki = subjectPublicKeyInfo(flight.chain[0]!);
  expect(nodeCrypto.verify(scheme, spki, signed, signature)).toBe(true);
});

test('from its master secret come the keys of its records, and the contents of its Finished messages', () => {
  const { suite, serverRandom } = flight;
  const keys = trafficKeys(nodeCrypto, suite, masterSecret, clientRandom, serverRandom);
  const verify = (sender: 'client' | 'server', said: Transcript) =>
    verifyData(nodeCrypto, suite.hash, masterSecret, sender, said.hash(nodeCrypto, suite.hash));
  const client = new ReadEpoch(1, keys.client);
  const server = new ReadEpoch(1, keys.server);
  const open = (epoch: ReadEpoch, name: string) => epoch.open(recordsOf(datagram(name)).at(-1)!, datagram(name));

  const transcript = new Transcript([hello!, ...serverMessages, clientKeyExchange!]);
  const clientFinished = handshakeMessage(20, 3, verify('client', transcript));
  expect(open(client, 'clientFlight')).toEqual(clientFinished.raw);
  const serverFinished = verify('server', transcript.with(clientFinished));
  expect((open(server, 'serverFinished') as Uint8Array).subarray(HANDSHAKE_HEADER_LENGTH)).toEqual(serverFinished);
  expect(Buffer.from(open(client, 'clientData') as Uint8Array).toString('hex')).toBe('41010f5f01b130112a'); // CoAP: GET /0
});

test('the PRF is P_SHA256 of RFC 5246 5', () => {
  // The vector that the TLS working group's mailing list has passed around.
  const secret = bytes('9bbe436ba940f017b17652849a71db35');
  const seed = bytes('a0ba9f936cda311827a6f796ffd5198c');
  expect(Buffer.from(prf(nodeCrypto, 'sha256', secret, 'test label', seed, 100)).toString('hex')).toBe(
    'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af' +
      '0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff7018734' +
      '7b66',
  );
});

test('with the hash of a suite with SHA-384 it is P_SHA384', () => {
  // Of the same mail as above.
  const secret = bytes('b80b733d6ceefcdc71566ea48e5567df');
  const seed = bytes('cd665cf6a8447dd6ff8b27555edb7465');
  expect(Buffer.from(prf(nodeCrypto, 'sha384', secret, 'test label', seed, 148)).toString('hex')).toBe(
    '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e53' +
      '4cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8' +
      'cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f',
  );
});
