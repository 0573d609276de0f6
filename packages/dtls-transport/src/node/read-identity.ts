import { createPrivateKey, X509Certificate } from 'node:crypto';
import { DtlsRefusedError } from '../errors.ts';
import type { Identity } from '../identity.ts';
import { CertificateError } from '../x509/errors.ts';
import { plainBuffer } from './bytes.ts';
import { nodeCrypto } from './crypto-provider.ts';
import type { CertificateAndKey } from './options.ts';

/**
 * Imports certificate and key and sees that they belong together. Throws `CertificateError` for what cannot be used, and
 * `DtlsRefusedError` (`bad-option`).
 */
export function readIdentity({ chain, privateKey }: CertificateAndKey): Identity {
  const [own] = chain;
  if (own === undefined) throw new DtlsRefusedError('bad-option', 'the chain has no certificate');
  const key = nodeCrypto.importSigningKey(privateKey);
  const keyObject = createPrivateKey({ key: plainBuffer(privateKey), format: 'der', type: 'pkcs8' });
  if (!parse(own).checkPrivateKey(keyObject)) {
    throw new DtlsRefusedError('bad-option', 'the private key does not belong to the certificate');
  }
  return { chain, key };
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw new CertificateError('malformed', 'the certificate is not X.509 in DER');
  }
}
