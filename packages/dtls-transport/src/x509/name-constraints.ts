import { CertificateError } from './errors.ts';
import { type GeneralName, type IpName, nameText } from './general-name.ts';
import type { ParsedCertificate } from './parse-certificate.ts';

/** How many names are compared with how many constraints, at most, in one path. */
const MAX_COMPARISONS = 100_000;

/**
 * Name constraints (RFC 5280 4.2.1.10) over a path, leaf first, trust anchor last. Throws `CertificateError`
 * (`name-constraints`) for a name outside them, also for a name of a constrained form that we do not compare (email,
 * URI and rarer): what cannot be compared is not within.
 */
export function checkNameConstraints(path: readonly ParsedCertificate[]): void {
  let comparisons = 0;
  for (const [index, certificate] of path.entries()) {
    const isSelfIssuedIntermediate = index > 0 && certificate.subject.key === certificate.issuer.key;
    if (isSelfIssuedIntermediate) continue; // RFC 5280 6.1.3 (b)
    const names = constrainedNamesOf(certificate);
    for (const { extensions, subject } of path.slice(index + 1)) {
      if (extensions.nameConstraints === undefined) continue;
      const { permitted, excluded } = extensions.nameConstraints;
      comparisons += names.length * (permitted.length + excluded.length);
      if (comparisons > MAX_COMPARISONS)
        throw new CertificateError('too-large', 'the chain has too many names and constraints');
      const outside = names.find((name) => !isPermitted(name, permitted) || isExcluded(name, excluded));
      if (outside !== undefined) {
        throw new CertificateError(
          'name-constraints',
          `the certificate is for ${nameText(outside)}, which its issuer "${subject.text}" may not certify`,
        );
      }
    }
  }
}

/** All names of a certificate that constraints bear on: subjectAltName, the subject, an address in the subject. */
function constrainedNamesOf({ subject, extensions }: ParsedCertificate): readonly GeneralName[] {
  return [
    ...extensions.subjectAltNames,
    ...(subject.rdns.length > 0 ? [{ form: 'directoryName', name: subject } as const] : []),
    ...(subject.hasEmailAddress ? [{ form: 'rfc822Name' } as const] : []),
  ];
}

/** A form of which nothing is permitted explicitly is not restricted. */
function isPermitted(name: GeneralName, permitted: readonly GeneralName[]): boolean {
  const ofForm = permitted.filter(({ form }) => form === name.form);
  return ofForm.length === 0 || ofForm.some((base) => isWithin(name, base));
}

function isExcluded(name: GeneralName, excluded: readonly GeneralName[]): boolean {
  return excluded.some(
    (base) => base.form === name.form && (!isComparable(name) || isWithin(name, base) || covers(name, base)),
  );
}

function isComparable({ form }: GeneralName): boolean {
  return form === 'dNSName' || form === 'iPAddress' || form === 'directoryName';
}

function isWithin(name: GeneralName, base: GeneralName): boolean {
  if (name.form === 'dNSName' && base.form === 'dNSName') return isWithinDomain(name.dns, base.dns);
  if (name.form === 'iPAddress' && base.form === 'iPAddress') return isWithinRange(name, base);
  if (name.form === 'directoryName' && base.form === 'directoryName') {
    return base.name.rdns.every((rdn, index) => rdn === name.name.rdns[index]);
  }
  return false;
}

/** `host.example.org` is within `example.org`, and within `.example.org`, which its apex is not. */
function isWithinDomain(dns: string, base: string): boolean {
  if (base === '' || dns === base) return true;
  return dns.endsWith(base.startsWith('.') ? base : `.${base}`);
}

/** Whether the wildcard `*.example.org` stands for names in the excluded `host.example.org` too. */
function covers(name: GeneralName, base: GeneralName): boolean {
  if (name.form !== 'dNSName' || base.form !== 'dNSName' || !name.dns.startsWith('*.')) return false;
  return base.dns.slice(base.dns.indexOf('.') + 1) === name.dns.slice(2);
}

function isWithinRange({ address }: IpName, range: IpName): boolean {
  if (address.length !== range.address.length) return false;
  return address.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, range.prefixLength - 8 * index));
    return ((byte ^ range.address[index]!) & (0xff00 >> bits) & 0xff) === 0;
  });
}
