import type { SignatureScheme, SigningKey } from '../crypto/provider.ts';
import type { Identity } from '../identity.ts';
import { writeCertificate13 } from '../wire/certificate-13.ts';
import { HANDSHAKE_TYPE } from '../wire/handshake-message.ts';
import type { CertificatePacker } from './certificate-packer.ts';
import type { CertificateTypeName } from './certificate-types.ts';
import type { FlightWriter13 } from './flight-writer-13.ts';
import { commonScheme13, signedVerify } from './signature-13.ts';

/** RFC 8446 4.4.2: in the handshake there is none. */
const NO_CONTEXT = new Uint8Array(0);

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
  /** Packs the certificates, when the peer can unpack them. */
  readonly packer: CertificatePacker | undefined;
}

/** The first of the peer's types that we have a key for which the peer can check (RFC 7250 4.2), or what is missing. */
export function chooseProof(
  types: readonly CertificateTypeName[],
  schemes: readonly number[],
  { identity, rawKey }: OwnKeys,
  packer: CertificatePacker | undefined,
): OwnProof | 'unsupported-certificate-type' | 'no-common-signature-scheme' {
  let missing: 'unsupported-certificate-type' | 'no-common-signature-scheme' = 'unsupported-certificate-type';
  for (const certificateType of types) {
    const shown =
      certificateType === 'x509'
        ? identity && { certificates: identity.chain, key: identity.key }
        : rawKey && { certificates: [rawKey.spki], key: rawKey };
    if (shown === undefined) continue;
    const scheme = commonScheme13(shown.key.schemes, schemes);
    if (scheme !== undefined) return { certificateType, ...shown, scheme, packer };
    missing = 'no-common-signature-scheme';
  }
  return missing;
}

/** Certificate, or CompressedCertificate when that is shorter. A raw key is all random. */
export function certificateMessage({ certificateType, certificates, packer }: OwnProof): {
  readonly type: number;
  readonly body: Uint8Array;
} {
  const packed = certificateType === 'x509' ? packer?.pack(certificates) : undefined;
  if (packed !== undefined) return { type: HANDSHAKE_TYPE.compressedCertificate, body: packed };
  return { type: HANDSHAKE_TYPE.certificate, body: writeCertificate13(NO_CONTEXT, certificates) };
}

/** RFC 8446 4.4.2: who is asked and has nothing that does sends an empty list, and signs nothing. */
export function addProof(flight: FlightWriter13, proof: OwnProof | undefined, signer: 'client' | 'server'): void {
  if (proof === undefined) {
    flight.add(HANDSHAKE_TYPE.certificate, writeCertificate13(NO_CONTEXT, []));
    return;
  }
  const { key, scheme } = proof;
  const { type, body } = certificateMessage(proof);
  flight.add(type, body);
  flight.add(HANDSHAKE_TYPE.certificateVerify, signedVerify(key, scheme, signer, flight.transcript));
}
