import type { SignatureScheme, SigningKey } from '../crypto/provider.ts';
import type { Identity } from '../identity.ts';
import { writeCertificate13 } from '../wire/certificate-13.ts';
import { HANDSHAKE_TYPE } from '../wire/handshake-message.ts';
import type { CertificateTypeName } from './certificate-types.ts';
import type { FlightWriter13 } from './flight-writer-13.ts';
import { commonScheme13, signedVerify } from './signature-13.ts';

/** Who we are by certificate, and by key alone. */
export interface OwnKeys {
  readonly identity: Identity | undefined;
  readonly rawKey: SigningKey | undefined;
}

/** How we show ourselves to a peer. */
export interface OwnProof {
  readonly certificateType: CertificateTypeName;
  /** What goes into our Certificate message. */
  readonly certificates: readonly Uint8Array[];
  readonly key: SigningKey;
  readonly scheme: SignatureScheme;
}

/** The first of the peer's types that we have a key for which the peer can check (RFC 7250 4.2), or what is missing. */
export function chooseProof(
  types: readonly CertificateTypeName[],
  schemes: readonly number[],
  { identity, rawKey }: OwnKeys,
): OwnProof | 'unsupported-certificate-type' | 'no-common-signature-scheme' {
  let missing: 'unsupported-certificate-type' | 'no-common-signature-scheme' = 'unsupported-certificate-type';
  for (const certificateType of types) {
    const shown =
      certificateType === 'x509'
        ? identity && { certificates: identity.chain, key: identity.key }
        : rawKey && { certificates: [rawKey.spki], key: rawKey };
    if (shown === undefined) continue;
    const scheme = commonScheme13(shown.key.schemes, schemes);
    if (scheme !== undefined) return { certificateType, ...shown, scheme };
    missing = 'no-common-signature-scheme';
  }
  return missing;
}

/** RFC 8446 4.4.2: who is asked and has nothing that does sends an empty list, and signs nothing. */
export function addProof(flight: FlightWriter13, proof: OwnProof | undefined, signer: 'client' | 'server'): void {
  flight.add(HANDSHAKE_TYPE.certificate, writeCertificate13(new Uint8Array(0), proof?.certificates ?? []));
  if (proof === undefined) return;
  const { key, scheme } = proof;
  flight.add(HANDSHAKE_TYPE.certificateVerify, signedVerify(key, scheme, signer, flight.transcript));
}
