import { readFileSync } from 'node:fs';
import type { SigningKey } from '../../src/crypto/provider.ts';
import type { Identity } from '../../src/identity.ts';
import { readPemCertificates, readPemPrivateKey } from '../../src/x509/pem.ts';

export type FixtureName = 'server' | 'rsa' | 'ed25519' | 'client';

/** A certificate of `test/fixtures` and its key, which `importKey` reads (PKCS#8, DER). */
export function fixtureIdentity(name: FixtureName, importKey: (pkcs8: Uint8Array) => SigningKey): Identity {
  return {
    chain: readPemCertificates(read(`${name}-certificate.pem`)),
    key: importKey(readPemPrivateKey(read(`${name}-key.pem`))),
  };
}

function read(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}
