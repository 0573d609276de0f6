import { CertificateError } from './errors.ts';
import { type GeneralName, nameText } from './general-name.ts';
import { parseIpAddress } from './ip-address.ts';
import type { ParsedCertificate } from './parse-certificate.ts';

/**
 * Throws `CertificateError` (`name-mismatch`) unless the certificate is for `serverName`: a DNS name, or an IP address
 * in its usual text. Only subjectAltName counts (RFC 6125 6.4.4), the common name does not.
 */
export function checkServerName({ extensions, subject }: ParsedCertificate, serverName: string): void {
  const names = extensions.subjectAltNames;
  const address = parseIpAddress(serverName);
  const reference = serverName.toLowerCase().replace(/\.$/, '');
  const matches = names.some((name) => {
    if (address !== undefined) return name.form === 'iPAddress' && sameBytes(name.address, address);
    return name.form === 'dNSName' && matchesDnsName(name.dns, reference);
  });
  if (!matches) throw new CertificateError('name-mismatch', mismatch(serverName, names, subject.text));
}

/** RFC 6125 6.4.1, 6.4.3: equal label by label; `*` may stand for the whole left-most label, above two labels or more. */
function matchesDnsName(presented: string, reference: string): boolean {
  if (!presented.startsWith('*.')) return presented === reference && reference !== '';
  const domain = presented.slice(2);
  const [first = '', ...rest] = reference.split('.');
  return domain.includes('.') && first !== '' && rest.join('.') === domain;
}

function mismatch(serverName: string, names: readonly GeneralName[], subject: string): string {
  const shown = names.slice(0, 10).map(nameText);
  const has =
    names.length === 0 ? 'no subjectAltName at all' : [...shown, ...(names.length > 10 ? ['…'] : [])].join(', ');
  const hint = names.length === 0 ? ` (the common name in "${subject}" does not count)` : '';
  return `the certificate has no subjectAltName for ${serverName}; it has ${has}${hint}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
