import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CIPHER_SUITES_13 } from '../../src/handshake/cipher-suites-13.ts';
import { verifyData13 } from '../../src/handshake/key-schedule-13.ts';
import { Reassembly } from '../../src/handshake/reassembly.ts';
import { isServerHello13, readServerAnswer13 } from '../../src/handshake/server-hello-13.ts';
import { signedContent } from '../../src/handshake/signature-13.ts';
import { Transcript13 } from '../../src/handshake/transcript-13.ts';
import { nobleCrypto } from '../../src/noble/crypto-provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ReadEpoch13 } from '../../src/record/read-epoch-13.ts';
import { recordKeys13 } from '../../src/record/record-keys-13.ts';
import { readAck } from '../../src/wire/ack.ts';
import { readCertificate13, readEncryptedExtensions } from '../../src/wire/certificate-13.ts';
import { readCertificateVerify } from '../../src/wire/certificate-verify.ts';
import { offersVersion13, peekClientHello } from '../../src/wire/client-hello-peek.ts';
import { type HandshakeMessage, readHandshakeFragment } from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE, readRecordHeader } from '../../src/wire/record.ts';
import { readServerHello } from '../../src/wire/server-hello.ts';
import { readUnifiedHeader } from '../../src/wire/unified-header.ts';
import { subjectPublicKeyInfo } from '../../src/x509/parse-certificate.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));
const session: { secrets: Record<string, string>; datagrams: [from: 'client' | 'server', hex: string][] } = JSON.parse(
  readFileSync(new URL('../fixtures/wolfssl-session.json', import.meta.url), 'utf8'),
);
const secret = (name: string) => bytes(session.secrets[name]!);

/** Everything in the session: plain handshake messages, and what is in the protected records, in the order of arrival. */
function readAll(crypto = nodeCrypto) {
  const messages: Record<'client' | 'server', HandshakeMessage[]> = { client: [], server: [] };
  const others: { from: string; type: number; content: Uint8Array }[] = [];
  const suite = CIPHER_SUITES_13.find(({ name }) => name === 'TLS_AES_128_GCM_SHA256')!;
  const epochs = Object.fromEntries(
    ['client', 'server'].map((side) => {
      const name = side.toUpperCase();
      const keys = (line: string) => recordKeys13(crypto, suite, secret(`${name}_${line}`));
      const handshake = new ReadEpoch13(2, keys('HANDSHAKE_TRAFFIC_SECRET'));
      return [side, [handshake, new ReadEpoch13(3, keys('TRAFFIC_SECRET'))]];
    }),
  );
  const reassemblies = { client: new Reassembly(65_536), server: new Reassembly(65_536) };
  for (const [from, hex] of session.datagrams) {
    const datagram = bytes(hex);
    let at = 0;
    while (at < datagram.length) {
      const plain = readRecordHeader(datagram, at);
      const unified = readUnifiedHeader(datagram, at);
      let record: { type: number; content: Uint8Array };
      if (unified === undefined) {
        record = { type: plain!.type, content: datagram.subarray(plain!.start, plain!.end) };
        at = plain!.end;
      } else {
        const opened = epochs[from]!.find(({ epoch }) => (epoch & 3) === unified.epochBits)!.open(unified, datagram);
        if (typeof opened === 'string') throw new Error(`${from}: ${opened}`);
        record = opened;
        at = unified.end;
      }
      if (record.type !== CONTENT_TYPE.handshake) {
        others.push({ from, ...record });
        continue;
      }
      reassemblies[from].add(readHandshakeFragment(record.content, 0)!);
      for (let message = reassemblies[from].take(); message !== undefined; message = reassemblies[from].take()) {
        messages[from].push(message);
      }
    }
  }
  return { messages, others };
}

test.each([nodeCrypto, nobleCrypto])('a recorded session is read with its key log', (crypto) => {
  const { messages, others } = readAll(crypto);
  expect(messages.client.map(({ type }) => type)).toEqual([1, 20]);
  expect(messages.server.map(({ type }) => type)).toEqual([2, 8, 11, 15, 20]);
  const kinds = others.map(({ from, type }) => `${from} ${type}`);
  expect(kinds).toEqual(['server 26', 'client 23', 'server 23', 'client 21', 'server 21']);
  expect(readAck(others[0]!.content)).toEqual([{ epoch: 2, sequence: 0 }]);
  expect(others.slice(1, 3).map(({ content }) => new TextDecoder().decode(content))).toEqual(['ping', 'ping']);
});

test('its messages say what we take, and its signatures and Finished messages fit', () => {
  const { messages } = readAll();
  const [clientHello, clientFinished] = messages.client as [HandshakeMessage, HandshakeMessage];
  const [serverHello, extensions, certificate, verify, finished] = messages.server as [
    HandshakeMessage,
    HandshakeMessage,
    HandshakeMessage,
    HandshakeMessage,
    HandshakeMessage,
  ];
  expect(offersVersion13(peekClientHello(clientHello.body).versions!)).toBe(true);
  const hello = readServerHello(serverHello.body);
  expect(isServerHello13(hello)).toBe(true);
  const answer = readServerAnswer13(hello, { cipherSuites: CIPHER_SUITES_13, groups: ['x25519'], pskModes: [] });
  expect(answer).toMatchObject({ type: 'hello', suite: { name: 'TLS_AES_128_GCM_SHA256' }, share: { group: 29 } });
  expect([...readEncryptedExtensions(extensions.body).keys()]).toEqual([10]);

  const transcript = new Transcript13(nodeCrypto, 'sha256');
  const add = (...all: HandshakeMessage[]) => {
    for (const message of all) transcript.add(message);
  };
  add(clientHello, serverHello, extensions, certificate);
  const { signatureScheme, signature } = readCertificateVerify(verify.body);
  expect(signatureScheme).toBe(0x0403);
  const spki = subjectPublicKeyInfo(readCertificate13(certificate.body).entries[0]!.data);
  expect(nodeCrypto.verify('ecdsa_secp256r1_sha256', spki, signedContent('server', transcript.hash()), signature)).toBe(
    true,
  );
  add(verify);
  const verifyData = (side: string) =>
    verifyData13(nodeCrypto, 'sha256', secret(`${side}_HANDSHAKE_TRAFFIC_SECRET`), transcript.hash());
  expect(finished.body).toEqual(verifyData('SERVER'));
  add(finished);
  expect(clientFinished.body).toEqual(verifyData('CLIENT'));
});
