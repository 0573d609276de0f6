import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSelfSignedCertificate, writePem } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';

export const DAY = 24 * 3_600_000;

/** Files of a certificate for localhost. */
export function writeCertificate(
  folder: string,
  { notAfter = Date.now() + DAY, otherKey = false, pkcs8 = generateSigningKey().pkcs8 } = {},
) {
  const key = nodeCrypto.importSigningKey(pkcs8);
  const der = createSelfSignedCertificate({
    key,
    crypto: nodeCrypto,
    commonName: 'test',
    dnsNames: ['localhost'],
    notBefore: Date.now() - 2 * DAY,
    notAfter,
    serialNumber: Uint8Array.of(1),
  });
  const files = { certificate: join(folder, 'c.pem'), key: join(folder, 'k.pem') };
  writeFileSync(files.certificate, writePem('CERTIFICATE', der));
  writeFileSync(files.key, writePem('PRIVATE KEY', otherKey ? generateSigningKey().pkcs8 : pkcs8));
  return { files, der, pkcs8 };
}
