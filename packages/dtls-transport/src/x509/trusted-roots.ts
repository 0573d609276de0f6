import { CertificateError } from './errors.ts';
import { type ParsedCertificate, parseCertificate } from './parse-certificate.ts';

/** Parsing is most of the work of a verification, and callers hand in the same roots for every peer. */
const parsedRoots = new WeakMap<Uint8Array, ParsedCertificate | null>();

/** A root as the rules see it; `undefined` when it cannot be read, so that one odd root spoils no bundle. */
function parseRoot(der: Uint8Array): ParsedCertificate | undefined {
  let parsed = parsedRoots.get(der);
  if (parsed === undefined) {
    try {
      parsed = parseCertificate(der);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      parsed = null;
    }
    parsedRoots.set(der, parsed);
  }
  return parsed ?? undefined;
}

/** Whether this very certificate is trusted. */
export function isTrusted(roots: readonly Uint8Array[], { der }: ParsedCertificate): boolean {
  return roots.some((root) => root.length === der.length && root.every((byte, index) => byte === der[index]));
}

/**
 * The roots, those first that hold the issuer's name byte for byte. As a bundle has a hundred roots and one fits, nearly
 * always nothing else has to be parsed; the rest follows for names that are equal but written differently.
 */
export function* rootsForIssuer(roots: readonly Uint8Array[], issuerDer: Uint8Array): Generator<ParsedCertificate> {
  const rest: Uint8Array[] = [];
  for (const root of roots) {
    if (!contains(root, issuerDer)) {
      rest.push(root);
      continue;
    }
    const parsed = parseRoot(root);
    if (parsed !== undefined) yield parsed;
  }
  for (const root of rest) {
    const parsed = parseRoot(root);
    if (parsed !== undefined) yield parsed;
  }
}

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let start = 0; start + part.length <= bytes.length; start++) {
    let length = 0;
    while (length < part.length && bytes[start + length] === part[length]) length++;
    if (length === part.length) return true;
  }
  return false;
}
