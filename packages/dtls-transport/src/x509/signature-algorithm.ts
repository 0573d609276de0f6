import type { AlgorithmIdentifier } from '@peculiar/asn1-x509';
import type { CertificateSignatureScheme } from '../crypto/provider.ts';
import { constructedContext, element, objectIdentifier, sequence, unsignedInteger } from './der-writer.ts';

const BY_OID: Readonly<Record<string, CertificateSignatureScheme>> = {
  '1.2.840.10045.4.3.2': 'ecdsa_sha256', // RFC 5758 3.2
  '1.2.840.10045.4.3.3': 'ecdsa_sha384',
  '1.2.840.10045.4.3.4': 'ecdsa_sha512',
  '1.2.840.113549.1.1.11': 'rsa_pkcs1_sha256', // RFC 4055 5
  '1.2.840.113549.1.1.12': 'rsa_pkcs1_sha384',
  '1.2.840.113549.1.1.13': 'rsa_pkcs1_sha512',
  '1.3.101.112': 'ed25519', // RFC 8410 3
};

const RSASSA_PSS = '1.2.840.113549.1.1.10';

const PSS_PARAMETERS: readonly { readonly scheme: CertificateSignatureScheme; readonly der: Uint8Array }[] = [
  { scheme: 'rsa_pss_sha256', der: pssParameters('2.16.840.1.101.3.4.2.1', 32) },
  { scheme: 'rsa_pss_sha384', der: pssParameters('2.16.840.1.101.3.4.2.2', 48) },
  { scheme: 'rsa_pss_sha512', der: pssParameters('2.16.840.1.101.3.4.2.3', 64) },
];

/** The scheme of a certificate's signature, or `undefined` for one that we do not take: SHA-1, MD5, DSA and the unknown. */
export function signatureSchemeOf({
  algorithm,
  parameters,
}: AlgorithmIdentifier): CertificateSignatureScheme | undefined {
  if (algorithm === RSASSA_PSS) {
    const given = new Uint8Array(parameters ?? new ArrayBuffer(0));
    return PSS_PARAMETERS.find(({ der }) => der.length === given.length && der.every((byte, at) => byte === given[at]))
      ?.scheme;
  }
  // RFC 4055 5: NULL or nothing with RSA. RFC 5758 3.2, RFC 8410 3: nothing with the others.
  const isPlain = parameters === undefined || (parameters === null && algorithm.startsWith('1.2.840.113549.'));
  return isPlain ? BY_OID[algorithm] : undefined;
}

/** RSASSA-PSS-params (RFC 4055 3.1): MGF1 over the same hash, a salt as long as that hash. */
function pssParameters(hashOid: string, saltLength: number): Uint8Array {
  const hash = sequence(objectIdentifier(hashOid), element(0x05));
  const mgf1 = sequence(objectIdentifier('1.2.840.113549.1.1.8'), hash);
  return sequence(
    constructedContext(0, hash),
    constructedContext(1, mgf1),
    constructedContext(2, unsignedInteger(Uint8Array.of(saltLength))),
  );
}
