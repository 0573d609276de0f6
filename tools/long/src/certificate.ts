import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { createSelfSignedCertificate } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';

/** A certificate for 127.0.0.1 in the forms that servers and clients take. */
export interface TestCertificate {
  readonly chain: Uint8Array[];
  /** PKCS #8. */
  readonly privateKey: Uint8Array;
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
}

/** Makes a self-signed one, for a day. */
export function testCertificate(): TestCertificate {
  const { key, pkcs8 } = generateSigningKey();
  const certificate = createSelfSignedCertificate({
    key,
    crypto: nodeCrypto,
    commonName: 'long',
    ipAddresses: ['127.0.0.1'],
    notBefore: Date.now() - 60_000,
    notAfter: Date.now() + 86_400_000,
    serialNumber: nodePlatform.randomBytes(16),
  });
  return { chain: [certificate], privateKey: pkcs8, spki: key.spki };
}
