import { randomBytes } from 'node:crypto';
import { createSelfSignedCertificate } from '@lb-matrix/dtls-transport';
import { generateSigningKey, listenDtls, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { reportCpu } from './report-cpu.ts';

/** Our DTLS echo server, of both versions, to be measured. */

const { key, pkcs8 } = generateSigningKey();
const certificate = createSelfSignedCertificate({
  key,
  crypto: nodeCrypto,
  commonName: 'bench',
  dnsNames: ['localhost'],
  ipAddresses: ['127.0.0.1'],
  notBefore: Date.now() - 3_600_000,
  notAfter: Date.now() + 86_400_000,
  serialNumber: randomBytes(16),
});
const listener = await listenDtls({
  host: '127.0.0.1',
  port: 0,
  certificate: { chain: [certificate], privateKey: pkcs8 },
  cipherSuites: ['TLS_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
});
listener.onPipe = (pipe) => {
  pipe.onDatagram = (datagram) => pipe.send(datagram);
};
reportCpu(listener.address.port);
