import { readFileSync } from 'node:fs';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import type { Identity } from '../../src/identity.ts';
import { readPemCertificates, readPemPrivateKey } from '../../src/x509/pem.ts';

/** The certificate and key of `test/fixtures`, the key in a provider of the caller's. */
export function fixtureIdentity(crypto: CryptoProvider): Identity {
  return {
    chain: readPemCertificates(read('server-certificate.pem')),
    key: crypto.importSigningKey(readPemPrivateKey(read('server-key.pem'))),
  };
}

function read(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}
