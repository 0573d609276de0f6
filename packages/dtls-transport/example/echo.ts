import { randomBytes } from 'node:crypto';
import { createSelfSignedCertificate } from '@lb-matrix/dtls-transport';
import { connectDtls, generateSigningKey, listenDtls, nodeCrypto } from '@lb-matrix/dtls-transport/node';

// A key and a certificate for this machine; clients trust exactly this certificate.
const { key, pkcs8 } = generateSigningKey();
const certificate = createSelfSignedCertificate({
  key,
  crypto: nodeCrypto,
  commonName: 'echo',
  dnsNames: ['localhost'],
  ipAddresses: ['127.0.0.1'],
  notBefore: Date.now() - 60_000,
  notAfter: Date.now() + 86_400_000,
  serialNumber: randomBytes(16),
});

// A server that sends back what it gets.
const listener = await listenDtls({
  host: '127.0.0.1',
  port: 0,
  certificate: { chain: [certificate], privateKey: pkcs8 },
});
listener.onPipe = (pipe) => {
  pipe.onDatagram = (datagram) => pipe.send(datagram);
};

// A client that says hello and goes.
const pipe = await connectDtls({ host: '127.0.0.1', port: listener.address.port, roots: [certificate] });
pipe.onDatagram = async (datagram) => {
  console.log(new TextDecoder().decode(datagram));
  pipe.close();
  await listener.close();
};
pipe.send(new TextEncoder().encode('hello over DTLS'));
