import type { CryptoProvider } from '../crypto/provider.ts';
import { CertificateError } from './errors.ts';
import { checkNameConstraints } from './name-constraints.ts';
import { KEY_USAGE, OID } from './oids.ts';
import { type ParsedCertificate, parseCertificate } from './parse-certificate.ts';
import { checkServerName } from './server-name.ts';
import { isTrusted, rootsForIssuer } from './trusted-roots.ts';

/** Whom to trust, and as what. */
export interface VerifyPeerOptions {
  /**
   * Trusted certificates (DER), in any number and order: CAs, or the peer's own certificate. None needs to be
   * self-signed. Parsed once each, so the bytes must not change; what cannot be read is passed over.
   */
  readonly roots: readonly Uint8Array[];
  /** What the peer must be certified for: a DNS name (ASCII) or an IP address in text. Without it names are not checked. */
  readonly serverName?: string | undefined;
  /** What the peer does: a client verifies its server for `serverAuth`, a server its client for `clientAuth`. */
  readonly purpose: 'serverAuth' | 'clientAuth';
  /** The time to verify for, Unix milliseconds. */
  readonly at: number;
  readonly crypto: Pick<CryptoProvider, 'verifyCertificateSignature'>;
}

/** A certificate, then its issuer, and so on. */
type Path = readonly [ParsedCertificate, ...ParsedCertificate[]];

const MAX_CERTIFICATES = 10;
const MAX_BYTES = 65_536;
const MAX_SIGNATURE_CHECKS = 30;

/**
 * Verifies the peer's chain (DER; its own certificate first, the others in any order, superfluous ones allowed) by the
 * rules of RFC 5280 6.1 and RFC 6125 6, and returns the peer's public key. Throws `CertificateError`, with the reason of
 * the most promising path. Not looked at: revocation, and policies.
 *
 * Bounds (`too-large`): 10 certificates, 65,536 bytes, 30 signatures on the way to a root.
 */
export function verifyPeer(chain: readonly Uint8Array[], options: VerifyPeerOptions): { readonly spki: Uint8Array } {
  const size = chain.reduce((sum, der) => sum + der.length, 0);
  if (chain.length > MAX_CERTIFICATES || size > MAX_BYTES) {
    throw new CertificateError(
      'too-large',
      `a chain has at most ${MAX_CERTIFICATES} certificates and ${MAX_BYTES} bytes`,
    );
  }
  const [peer, ...intermediates] = chain.map(parseCertificate);
  if (peer === undefined) throw new CertificateError('malformed', 'the peer sent no certificate');
  checkPeer(peer, options);
  searchPath(peer, intermediates, options);
  return { spki: peer.spki };
}

function checkPeer(peer: ParsedCertificate, options: VerifyPeerOptions): void {
  checkAny(peer, options);
  // RFC 8422 2.2: the key signs the key exchange.
  if (peer.extensions.keyUsage?.(KEY_USAGE.digitalSignature) === false) {
    throw new CertificateError('key-usage', `the keyUsage of ${nameOf(peer)} does not allow digitalSignature`);
  }
  if (options.serverName !== undefined) checkServerName(peer, options.serverName);
}

/** Depth first through everything that could have issued the last certificate of the path. Throws why none did. */
function searchPath(
  peer: ParsedCertificate,
  intermediates: readonly ParsedCertificate[],
  options: VerifyPeerOptions,
): void {
  let signatureChecks = 0;
  extend([peer]);

  function extend(path: Path): void {
    const last = path[path.length - 1]!;
    // RFC 5280 6.1: the trust anchor ends the path, whoever else has certified it.
    if (isTrusted(options.roots, last)) {
      checkNameConstraints(path);
      return;
    }
    let failure: CertificateError | undefined;
    for (const issuer of issuersOf(last, intermediates, options.roots)) {
      if (path.some((certificate) => isSameEntity(certificate, issuer))) continue;
      if (++signatureChecks > MAX_SIGNATURE_CHECKS) {
        throw new CertificateError('too-large', `more than ${MAX_SIGNATURE_CHECKS} signatures to check in one chain`);
      }
      try {
        checkSignature(last, issuer, options.crypto);
        checkIssuer(issuer, path, options);
        extend([...path, issuer]);
        return;
      } catch (error) {
        if (!(error instanceof CertificateError) || error.reason === 'too-large') throw error;
        if (failure === undefined || isDeadEnd(failure)) failure = error;
      }
    }
    throw failure ?? unknownIssuer(last, options.roots.length);
  }
}

/** By name (RFC 5280 6.1.3 (a) (4)), and not against the key identifiers, where both certificates have one. */
function* issuersOf(
  { issuer, issuerDer, extensions: { authorityKeyId } }: ParsedCertificate,
  intermediates: readonly ParsedCertificate[],
  roots: readonly Uint8Array[],
): Generator<ParsedCertificate> {
  const isIssuer = ({ subject, extensions: { subjectKeyId } }: ParsedCertificate): boolean =>
    subject.key === issuer.key &&
    (authorityKeyId === undefined || subjectKeyId === undefined || authorityKeyId === subjectKeyId);
  yield* intermediates.filter(isIssuer);
  for (const root of rootsForIssuer(roots, issuerDer)) if (isIssuer(root)) yield root;
}

/** One entity stands once in a path, or paths between CAs that certify each other would never end. */
function isSameEntity(a: ParsedCertificate, b: ParsedCertificate): boolean {
  return (
    a.subject.key === b.subject.key &&
    a.spki.length === b.spki.length &&
    a.spki.every((byte, at) => byte === b.spki[at])
  );
}

/** RFC 5280 6.1.3 (a) (1) */
function checkSignature(
  certificate: ParsedCertificate,
  issuer: ParsedCertificate,
  crypto: VerifyPeerOptions['crypto'],
): void {
  const { signatureScheme, tbs, signature } = certificate;
  if (signatureScheme === undefined) {
    throw new CertificateError(
      'unsupported-signature-algorithm',
      `${nameOf(certificate)} is signed with an algorithm that is too weak or not known; ECDSA, RSA with SHA-2 and Ed25519 are`,
    );
  }
  if (!crypto.verifyCertificateSignature(signatureScheme, issuer.spki, tbs, signature)) {
    throw new CertificateError(
      'bad-signature',
      `the signature of ${nameOf(certificate)} does not verify with the key of ${nameOf(issuer)} (RSA keys need 2048 bits)`,
    );
  }
}

/** What a certificate must allow to issue the last one of the path (RFC 5280 6.1.4 (k) to (n)). */
function checkIssuer(issuer: ParsedCertificate, path: Path, options: VerifyPeerOptions): void {
  checkAny(issuer, options);
  const { basicConstraints, keyUsage } = issuer.extensions;
  if (!basicConstraints?.ca) {
    throw new CertificateError(
      'not-a-ca',
      `${nameOf(issuer)} is not a CA, but has issued ${nameOf(path[path.length - 1]!)}`,
    );
  }
  if (keyUsage?.(KEY_USAGE.keyCertSign) === false) {
    throw new CertificateError('key-usage', `the keyUsage of ${nameOf(issuer)} does not allow keyCertSign`);
  }
  // RFC 5280 6.1.4 (l): self-issued certificates do not count, and 4.2.1.9: nor does the last one, the peer's.
  const [, ...between] = path;
  const length = between.filter(({ subject, issuer: { key } }) => subject.key !== key).length;
  if (length > basicConstraints.pathLength) {
    throw new CertificateError(
      'path-length',
      `${nameOf(issuer)} allows ${basicConstraints.pathLength} CAs under it, but there are ${length}`,
    );
  }
}

/** What holds for every certificate of a path, the trust anchor among them. */
function checkAny(certificate: ParsedCertificate, { purpose, at }: VerifyPeerOptions): void {
  const { extensions, notBefore, notAfter } = certificate;
  // RFC 5280 6.1.4 (o), 6.1.5 (f)
  if (extensions.unknownCritical.length > 0) {
    throw new CertificateError(
      'unknown-critical-extension',
      `${nameOf(certificate)} has a critical extension that is not supported: ${extensions.unknownCritical.join(', ')}`,
    );
  }
  // RFC 5280 4.1.2.5: both ends inclusive, in whole seconds.
  const second = Math.floor(at / 1000) * 1000;
  if (second < notBefore) {
    throw new CertificateError(
      'not-yet-valid',
      `${nameOf(certificate)} is valid from ${iso(notBefore)} on, and now is ${iso(second)}: check the clock`,
    );
  }
  if (second > notAfter) {
    throw new CertificateError(
      'expired',
      `${nameOf(certificate)} expired on ${iso(notAfter)}, and now is ${iso(second)}`,
    );
  }
  // RFC 5280 4.2.1.12. In a CA it limits what the CA certifies, as everyone reads it. anyExtendedKeyUsage alone is not
  // enough, which the RFC leaves to the application.
  if (extensions.extendedKeyUsage?.includes(OID[purpose]) === false) {
    throw new CertificateError(
      'extended-key-usage',
      `the extendedKeyUsage of ${nameOf(certificate)} does not allow ${purpose}`,
    );
  }
}

/** Failures that say no more than that this issuer was the wrong one. */
function isDeadEnd({ reason }: CertificateError): boolean {
  return reason === 'unknown-issuer' || reason === 'bad-signature';
}

function unknownIssuer(certificate: ParsedCertificate, rootCount: number): CertificateError {
  const { subject, issuer } = certificate;
  const what =
    subject.key === issuer.key
      ? `${nameOf(certificate)} is self-signed and not itself`
      : `the issuer "${issuer.text}" of ${nameOf(certificate)} was not sent and is not`;
  return new CertificateError('unknown-issuer', `${what} among the trusted certificates (${rootCount} given)`);
}

function nameOf({ subject }: ParsedCertificate): string {
  return `the certificate "${subject.text}"`;
}

function iso(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
