import type { Name } from '@peculiar/asn1-x509';
import { OID } from './oids.ts';

/** A Name in the form in which names are compared, and as text for people. */
export interface DistinguishedName {
  /** One string for each relative name. Equal strings are equal names (RFC 5280 7.1). */
  readonly rdns: readonly string[];
  /** All of `rdns` as one key. */
  readonly key: string;
  /** Such as `O=Example, CN=example.org`; control characters are replaced, and it is cut to a length fit for a log. */
  readonly text: string;
  /** Whether an emailAddress attribute is in it, which email constraints look at (RFC 5280 4.2.1.10). */
  readonly hasEmailAddress: boolean;
}

const LABELS: Readonly<Record<string, string>> = {
  [OID.commonName]: 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
};

export function distinguishedNameOf(name: Name): DistinguishedName {
  const rdns = name.map((rdn) =>
    Array.from(rdn, ({ type, value }) => {
      // RFC 5280 7.1: the string type does not matter, nor case, nor how many spaces. What is no string is compared as bytes.
      return value.anyValue === undefined ? `${type}=${foldText(value.toString())}` : `${type}:${value.toString()}`;
    })
      .sort() // a relative name is a set
      .join('\u0000'),
  );
  const attributes = name.flatMap((rdn) => Array.from(rdn));
  const text = attributes.map(({ type, value }) => `${LABELS[type] ?? type}=${value.toString()}`).join(', ');
  return {
    rdns,
    key: JSON.stringify(rdns),
    text: printable(text),
    hasEmailAddress: attributes.some(({ type }) => type === OID.emailAddress),
  };
}

/** Text that a peer chose, fit for a message. */
export function printable(text: string): string {
  const plain = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
}

function foldText(text: string): string {
  return text.trim().replace(/ +/g, ' ').toLowerCase();
}
