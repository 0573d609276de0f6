import { expect, test } from 'vitest';
import { connectDtls } from '../../src/node/connect-dtls.ts';
import { generateSigningKey, nodeCrypto } from '../../src/node/crypto-provider.ts';
import { listenDtls } from '../../src/node/listen-dtls.ts';
import { WireCount } from '../../src/node/wire-count.ts';
import { createSelfSignedCertificate } from '../../src/x509/create-certificate.ts';

test('a round trip is something received after something sent, and a flight sent twice counts as such', () => {
  const count = new WireCount();
  count.sent(100);
  count.retransmitting(() => {
    count.sent(100);
    count.sent(50);
  });
  count.received(60);
  count.received(70);
  count.retransmitting(() => {});
  count.sent(10);
  count.received(20);
  expect(count.read()).toEqual({
    datagramsSent: 4,
    bytesSent: 260,
    datagramsReceived: 3,
    bytesReceived: 150,
    roundTrips: 2,
    retransmissions: 2,
  });
});

/** Flags, 8 bits of a number, the content's type and the tag (RFC 9147 4, RFC 8446 5.2). */
const RECORD = 19;

test('a pipe counts its handshake and what it carries', async () => {
  const { key, pkcs8 } = generateSigningKey();
  const certificate = createSelfSignedCertificate({
    key,
    crypto: nodeCrypto,
    commonName: 'test',
    ipAddresses: ['127.0.0.1'],
    notBefore: 0,
    notAfter: Date.UTC(2049, 0),
    serialNumber: Uint8Array.of(1),
  });
  const listener = await listenDtls({
    host: '127.0.0.1',
    port: 0,
    certificate: { chain: [certificate], privateKey: pkcs8 },
  });
  listener.onPipe = (pipe) => {
    pipe.onDatagram = (datagram) => pipe.send(datagram);
  };
  const pipe = await connectDtls({ host: '127.0.0.1', port: listener.address.port, roots: [certificate] });
  const echo = () =>
    new Promise<void>((resolve) => {
      pipe.onDatagram = () => resolve();
      pipe.send(Uint8Array.of(1, 2, 3));
    });
  // What ends the handshake leaves with the first that is said.
  await echo();
  const before = pipe.stats();
  expect(before.roundTrips).toBeGreaterThanOrEqual(2);
  expect(before.bytesReceived).toBeGreaterThan(certificate.length);

  await echo();
  expect(pipe.stats()).toEqual({
    datagramsSent: before.datagramsSent + 1,
    bytesSent: before.bytesSent + RECORD + 3,
    datagramsReceived: before.datagramsReceived + 1,
    bytesReceived: before.bytesReceived + RECORD + 3,
    roundTrips: before.roundTrips + 1,
    retransmissions: before.retransmissions,
  });
  pipe.close();
  await listener.close();
});
