import type { GeneralName as Asn1GeneralName } from '@peculiar/asn1-x509';
import { type DistinguishedName, distinguishedNameOf, printable } from './distinguished-name.ts';
import { CertificateError } from './errors.ts';
import { parseIpAddress } from './ip-address.ts';

/** A name of subjectAltName or the base of a name constraint (RFC 5280 4.2.1.6), in the forms that we compare. */
export type GeneralName =
  | DnsName
  | IpName
  | { readonly form: 'directoryName'; readonly name: DistinguishedName }
  | OpaqueName;

interface DnsName {
  readonly form: 'dNSName';
  /** In lower case, otherwise as it stands. */
  readonly dns: string;
}

export interface IpName {
  readonly form: 'iPAddress';
  readonly address: Uint8Array;
  /** How many leading bits count: all of them in subjectAltName. */
  readonly prefixLength: number;
  readonly text: string;
}

const OPAQUE = [
  'rfc822Name',
  'uniformResourceIdentifier',
  'otherName',
  'x400Address',
  'ediPartyName',
  'registeredID',
] as const;

/** Forms that no server is found by: only their presence counts. */
interface OpaqueName {
  readonly form: (typeof OPAQUE)[number];
}

/** A name of subjectAltName. */
export function subjectAltNameOf(name: Asn1GeneralName): GeneralName {
  return generalNameOf(name, 'address');
}

/** The base of a name constraint: an address with its mask in place of an address (RFC 5280 4.2.1.10). */
export function constraintBaseOf(name: Asn1GeneralName): GeneralName {
  return generalNameOf(name, 'range');
}

function generalNameOf(name: Asn1GeneralName, ip: 'address' | 'range'): GeneralName {
  if (name.dNSName !== undefined) return { form: 'dNSName', dns: name.dNSName.toLowerCase() };
  if (name.iPAddress !== undefined) return ipNameOf(name.iPAddress, ip);
  if (name.directoryName !== undefined) return { form: 'directoryName', name: distinguishedNameOf(name.directoryName) };
  const form = OPAQUE.find((candidate) => name[candidate] !== undefined);
  if (form === undefined) throw new CertificateError('malformed', 'a certificate holds a name of no form');
  return { form };
}

/** The parser gives addresses as text, ranges with a slash and the number of leading bits. */
function ipNameOf(text: string, expected: 'address' | 'range'): IpName {
  const [addressText = '', bits] = text.split('/');
  const address = parseIpAddress(addressText);
  if (address === undefined || (bits === undefined) !== (expected === 'address')) {
    throw new CertificateError('malformed', `a certificate holds an IP ${expected} of a wrong length`);
  }
  return { form: 'iPAddress', address, prefixLength: bits === undefined ? 8 * address.length : Number(bits), text };
}

/** For messages: `localhost`, `127.0.0.1`. */
export function nameText(name: GeneralName): string {
  if (name.form === 'dNSName') return printable(name.dns);
  if (name.form === 'iPAddress') return name.text;
  return name.form === 'directoryName' ? name.name.text : `a ${name.form}`;
}
