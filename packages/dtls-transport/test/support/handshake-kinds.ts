import { readFileSync } from 'node:fs';
import type { DtlsClientOptions } from '../../src/client.ts';
import type { Identity } from '../../src/identity.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { readPemCertificates, readPemPrivateKey } from '../../src/x509/pem.ts';
import { repeatableKey } from './repeatable-crypto.ts';

type DtlsListenerSettings = Partial<DtlsListenerOptions> & { readonly identity: Identity };

/** What makes one handshake different from another. */
export interface HandshakeKind {
  readonly name: string;
  readonly maxDatagram: number;
  readonly client: Partial<DtlsClientOptions>;
  readonly listener: DtlsListenerSettings;
}

const identity = {
  chain: readPemCertificates(fixture('server-certificate.pem')),
  key: repeatableKey(readPemPrivateKey(fixture('server-key.pem'))),
};

/** Every kind of handshake that an engine can go through. */
export const HANDSHAKE_KINDS: readonly HandshakeKind[] = [
  { name: 'ECDHE on X25519, ECDSA', maxDatagram: 1_232, client: { serverName: 'localhost' }, listener: { identity } },
  { name: 'ECDHE on P-256, ECDSA', maxDatagram: 1_232, client: { groups: ['secp256r1'] }, listener: { identity } },
  { name: 'datagrams of 200 bytes', maxDatagram: 200, client: { serverName: 'a'.repeat(120) }, listener: { identity } },
];

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}
