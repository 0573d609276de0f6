import type { DtlsClientOptions } from '../../src/client.ts';
import type { CipherSuiteName } from '../../src/handshake/cipher-suites.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { type FixtureName, fixtureIdentity } from './fixture-identity.ts';
import { repeatableKey } from './repeatable-crypto.ts';

/** What makes one handshake different from another. The listener takes the client's certificate or key as it is in `client`. */
export interface HandshakeKind {
  readonly name: string;
  readonly maxDatagram: number;
  readonly client: Partial<DtlsClientOptions>;
  readonly listener: Partial<DtlsListenerOptions>;
}

const [server, rsa, ed25519, client] = (['server', 'rsa', 'ed25519', 'client'] satisfies FixtureName[]).map((name) =>
  fixtureIdentity(name, repeatableKey),
);
const psk = { identity: new TextEncoder().encode('a client'), key: new Uint8Array(16).fill(7) };

/** Every kind of handshake that an engine can go through. */
export const HANDSHAKE_KINDS: readonly HandshakeKind[] = [
  kind('ECDHE on X25519, ECDSA', { serverName: 'localhost' }, { identity: server }),
  kind('RSA, AES-256-GCM', suites('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'), { identity: rsa }),
  kind('Ed25519, CCM', suites('TLS_ECDHE_ECDSA_WITH_AES_128_CCM'), { identity: ed25519 }),
  kind('ECDHE on P-256, ECDSA', { groups: ['secp256r1'] }, { identity: server }),
  kind('datagrams of 200 bytes', { serverName: 'a'.repeat(120) }, { identity: server }, 200),
  kind('a client certificate', { identity: client }, { identity: server, clientCertificate: 'require' }),
  kind('no client certificate', {}, { identity: server, clientCertificate: 'request' }),
  kind('ECDHE with a shared key', { psk }, { psk: true }),
  kind('a shared key alone, CCM_8', { psk, ...suites('TLS_PSK_WITH_AES_128_CCM_8') }, { psk: true }),
];

function kind(
  name: string,
  options: Partial<DtlsClientOptions>,
  listener: Partial<DtlsListenerOptions>,
  maxDatagram = 1_232,
): HandshakeKind {
  return { name, maxDatagram, client: options, listener };
}

function suites(...cipherSuites: readonly CipherSuiteName[]): Partial<DtlsClientOptions> {
  return { cipherSuites };
}
