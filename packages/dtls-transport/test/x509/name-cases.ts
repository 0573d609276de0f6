import { constructedContext, primitiveContext, sequence, utf8String } from '../../src/x509/der-writer.ts';
import { OID } from '../../src/x509/oids.ts';
import {
  authorityKeyId,
  basicConstraints,
  extension,
  general,
  issue,
  issueCa,
  nameConstraints,
  nameOf,
  printableString,
  subjectAltName,
  subjectKeyId,
} from '../support/certificate-maker.ts';
import type { PathCase } from './path-cases.ts';

const CA = basicConstraints({ ca: true });
const root = issueCa({ subject: 'Root' });
const { dns, ip, email, uri, directory, other } = general;

/** A peer with these names, asked for `serverName`. */
function names(
  serverName: string,
  ...altNames: readonly Uint8Array[]
): Pick<PathCase, 'chain' | 'roots' | 'serverName'> {
  return {
    chain: [issue({ subject: 'localhost', issuer: root, extensions: [subjectAltName(...altNames)] })],
    roots: [root],
    serverName,
  };
}

const serverNames: readonly PathCase[] = [
  { name: 'the name', ...names('a.example.org', dns('b.example.org'), dns('a.example.org')) },
  { name: 'the name in another case', ...names('A.Example.org', dns('a.eXample.org')) },
  { name: 'another name', ...names('a.example.org', dns('b.example.org')), reason: 'name-mismatch' },
  { name: 'the name and more in front', ...names('a.example.org', dns('x.a.example.org')), reason: 'name-mismatch' },
  {
    name: 'the name and more behind',
    ...names('a.example.org', dns('a.example.org.evil.test')),
    reason: 'name-mismatch',
  },
  { name: 'a name cut by NUL', ...names('a.example.org', dns('a.example.org\0.evil.test')), reason: 'name-mismatch' },
  { name: 'a wildcard for the first label', ...names('a.example.org', dns('*.example.org')) },
  { name: 'a wildcard for an internationalised label', ...names('xn--bcher-kva.example.org', dns('*.example.org')) },
  { name: 'a wildcard for two labels', ...names('a.b.example.org', dns('*.example.org')), reason: 'name-mismatch' },
  { name: 'a wildcard for no label', ...names('example.org', dns('*.example.org')), reason: 'name-mismatch' },
  { name: 'a wildcard right under the top', ...names('example.org', dns('*.org')), reason: 'name-mismatch' },
  { name: 'a wildcard for everything', ...names('localhost', dns('*')), reason: 'name-mismatch' },
  {
    name: 'a wildcard in a part of a label',
    ...names('foo.example.org', dns('f*.example.org')),
    reason: 'name-mismatch',
    opensslDiffers: 'it takes f*; RFC 6125 6.4.3 allows and RFC 9525 6.3 forbids it',
  },
  { name: 'a wildcard in a later label', ...names('a.b.example.org', dns('a.*.example.org')), reason: 'name-mismatch' },
  {
    name: 'a wildcard for an empty label',
    ...names('.example.org', dns('*.example.org')),
    reason: 'name-mismatch',
    opensslDiffers: 'a dot in front asks it for any subdomain',
  },
  {
    name: 'an address range in place of an address',
    ...names('10.0.0.0', ip('10.0.0.0/255.0.0.0')),
    reason: 'malformed',
    opensslError: 64,
  },
  {
    name: 'the name with the dot of the root',
    ...names('a.example.org.', dns('a.example.org')),
    opensslDiffers: 'it compares the dot too; whoever resolves a name means the same with it',
  },
  {
    name: 'a common name without subjectAltName',
    chain: [issue({ subject: 'localhost', issuer: root })],
    roots: [root],
    serverName: 'localhost',
    reason: 'name-mismatch',
    opensslDiffers: 'it falls back to the common name, which RFC 6125 6.4.4 only allows',
  },
  { name: 'a common name beside subjectAltName', ...names('localhost', dns('b.example.org')), reason: 'name-mismatch' },
  { name: 'an IPv4 address', ...names('127.0.0.1', ip('127.0.0.1')) },
  { name: 'an IPv6 address in another writing', ...names('0:0::0001', ip('::1')) },
  { name: 'another address', ...names('127.0.0.2', ip('127.0.0.1')), reason: 'name-mismatch' },
  { name: 'an IPv4 address and its IPv6 form', ...names('127.0.0.1', ip('::ffff:127.0.0.1')), reason: 'name-mismatch' },
  { name: 'an address written as a DNS name', ...names('127.0.0.1', dns('127.0.0.1')), reason: 'name-mismatch' },
  { name: 'an address under a wildcard', ...names('127.0.0.1', dns('*.0.0.1')), reason: 'name-mismatch' },
  {
    name: 'a name among names of other forms',
    ...names(
      'a.example',
      email('a@b.example'),
      uri('https://a.example/'),
      directory(nameOf({ [OID.commonName]: 'x' })),
      other('1.2.3.4', utf8String('y')),
      dns('a.example'),
    ),
  },
  {
    name: 'a name that stands in a URI only',
    ...names('a.example', uri('https://a.example/')),
    reason: 'name-mismatch',
  },
];

type Constraints = Parameters<typeof nameConstraints>[0];

/** A peer with these names under a CA with these constraints. */
function constrained(
  constraints: Constraints,
  altNames: readonly Uint8Array[],
  subject: Uint8Array | string = 'peer',
): Pick<PathCase, 'chain' | 'roots'> {
  const ca = issueCa({ subject: 'Constrained', issuer: root, extensions: [CA, nameConstraints(constraints)] });
  const extensions = altNames.length > 0 ? [subjectAltName(...altNames)] : [];
  return { chain: [issue({ subject, issuer: ca, extensions }), ca], roots: [root] };
}

const [ORG, OU, EMAIL] = ['2.5.4.10', '2.5.4.11', OID.emailAddress];
const outside = 'name-constraints' as const;

const constraints: readonly PathCase[] = [
  { name: 'permitted domain: the domain', ...constrained({ permitted: [dns('example.org')] }, [dns('example.org')]) },
  {
    name: 'permitted domain: in another case',
    ...constrained({ permitted: [dns('Example.org')] }, [dns('a.exAmple.org')]),
  },
  { name: 'permitted domain: under it', ...constrained({ permitted: [dns('example.org')] }, [dns('a.b.example.org')]) },
  {
    name: 'permitted domain: a wildcard under it',
    ...constrained({ permitted: [dns('example.org')] }, [dns('*.example.org')]),
  },
  {
    name: 'permitted domain: only the same ending',
    ...constrained({ permitted: [dns('example.org')] }, [dns('badexample.org')]),
    reason: outside,
  },
  {
    name: 'permitted domain: one name of two',
    ...constrained({ permitted: [dns('example.org')] }, [dns('example.org'), dns('example.com')]),
    reason: outside,
  },
  {
    name: 'permitted domain: a wildcard above it',
    ...constrained({ permitted: [dns('a.example.org')] }, [dns('*.example.org')]),
    reason: outside,
  },
  {
    name: 'permitted domain with a dot in front: under it',
    ...constrained({ permitted: [dns('.example.org')] }, [dns('a.example.org')]),
  },
  {
    name: 'permitted domain with a dot in front: itself',
    ...constrained({ permitted: [dns('.example.org')] }, [dns('example.org')]),
    reason: outside,
  },
  {
    name: 'permitted domain: an address is not restricted by it',
    ...constrained({ permitted: [dns('example.org')] }, [ip('127.0.0.1')]),
  },
  { name: 'every domain permitted', ...constrained({ permitted: [dns('')] }, [dns('example.org')]) },
  {
    name: 'two permitted domains',
    ...constrained({ permitted: [dns('example.com'), dns('example.org')] }, [dns('a.example.org'), dns('example.com')]),
  },
  {
    name: 'excluded domain: under it',
    ...constrained({ excluded: [dns('example.org')] }, [dns('a.example.org')]),
    reason: outside,
  },
  { name: 'excluded domain: another', ...constrained({ excluded: [dns('example.org')] }, [dns('example.com')]) },
  {
    name: 'excluded within permitted',
    ...constrained({ permitted: [dns('example.org')], excluded: [dns('x.example.org')] }, [dns('x.example.org')]),
    reason: outside,
  },
  { name: 'every domain excluded', ...constrained({ excluded: [dns('')] }, [dns('example.org')]), reason: outside },
  {
    name: 'excluded domain: a wildcard that stands for it',
    ...constrained({ excluded: [dns('x.example.org')] }, [dns('*.example.org')]),
    reason: outside,
    opensslDiffers: 'it compares the wildcard as text (in Go this was CVE-2025-61727)',
  },
  {
    name: 'excluded domain: a wildcard that does not reach it',
    ...constrained({ excluded: [dns('y.x.example.org')] }, [dns('*.example.org')]),
  },
  { name: 'permitted range', ...constrained({ permitted: [ip('10.1.0.0/255.255.0.0')] }, [ip('10.1.2.3')]) },
  {
    name: 'outside the permitted range',
    ...constrained({ permitted: [ip('10.1.0.0/255.255.0.0')] }, [ip('10.2.2.3')]),
    reason: outside,
  },
  {
    name: 'a range that ends within a byte',
    ...constrained({ permitted: [ip('10.16.0.0/255.240.0.0')] }, [ip('10.31.255.255')]),
  },
  {
    name: 'outside a range that ends within a byte',
    ...constrained({ permitted: [ip('10.16.0.0/255.240.0.0')] }, [ip('10.32.0.0')]),
    reason: outside,
  },
  {
    name: 'an IPv6 address where only IPv4 is permitted',
    ...constrained({ permitted: [ip('10.1.0.0/255.255.0.0')] }, [ip('::1')]),
    reason: outside,
  },
  { name: 'permitted IPv6 range', ...constrained({ permitted: [ip('2001:db8::/ffff:ffff::')] }, [ip('2001:db8::1')]) },
  {
    name: 'excluded IPv6 range',
    ...constrained({ excluded: [ip('2001:db8::/ffff:ffff::')] }, [ip('2001:db8::1')]),
    reason: outside,
  },
  {
    name: 'all of IPv4 excluded',
    ...constrained({ excluded: [ip('0.0.0.0/0.0.0.0')] }, [ip('8.8.8.8')]),
    reason: outside,
  },
  {
    name: 'an IPv6 address that begins as the permitted IPv4 range',
    ...constrained({ permitted: [ip('10.1.0.0/255.255.0.0')] }, [ip('a01::')]),
    reason: outside,
  },
  {
    name: 'an address in place of an address range',
    ...constrained({ permitted: [ip('10.1.0.0')] }, [ip('10.1.0.0')]),
    reason: 'malformed',
    opensslError: 53,
  },
  {
    name: 'a subtree with a minimum',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const subtree = sequence(dns('example.org'), primitiveContext(0, Uint8Array.of(1)));
      const value = sequence(constructedContext(0, subtree));
      const extensions = [CA, extension(OID.nameConstraints, value, 'critical')];
      const ca = issueCa({ subject: 'Minimum', issuer: root, extensions });
      return { chain: [issue({ issuer: ca, extensions: [subjectAltName(dns('example.org'))] }), ca], roots: [root] };
    })(),
    reason: 'malformed',
    opensslError: 49,
  },
  {
    name: 'a mask with holes',
    ...constrained({ permitted: [ip('10.0.0.0/255.0.255.0')] }, [ip('10.9.0.9')]),
    reason: 'malformed',
    opensslDiffers: 'it applies any mask; RFC 5280 4.2.1.10 wants the style of CIDR',
  },
  {
    name: 'permitted subject',
    ...constrained(
      { permitted: [directory(nameOf({ [ORG]: 'Example' }))] },
      [],
      nameOf({ [ORG]: 'Example', [OU]: 'x' }),
    ),
  },
  {
    name: 'permitted subject in another case and type',
    ...constrained(
      { permitted: [directory(nameOf({ [ORG]: 'Example' }, printableString))] },
      [],
      nameOf({ [ORG]: 'eXample', [OU]: 'x' }),
    ),
  },
  {
    name: 'outside the permitted subject',
    ...constrained({ permitted: [directory(nameOf({ [ORG]: 'Example' }))] }, [], nameOf({ [ORG]: 'Other' })),
    reason: outside,
  },
  {
    name: 'excluded subject',
    ...constrained(
      { excluded: [directory(nameOf({ [ORG]: 'Example' }))] },
      [],
      nameOf({ [ORG]: 'Example', [OU]: 'x' }),
    ),
    reason: outside,
  },
  {
    name: 'excluded subject in subjectAltName',
    ...constrained({ excluded: [directory(nameOf({ [ORG]: 'Example' }))] }, [directory(nameOf({ [ORG]: 'Example' }))]),
    reason: outside,
  },
  {
    name: 'an email constraint and a server name',
    ...constrained({ permitted: [email('example.org')] }, [dns('a.example.org')]),
  },
  {
    name: 'an email constraint and an address within it',
    ...constrained({ permitted: [email('example.org')] }, [email('a@example.org')]),
    reason: outside,
    opensslDiffers: 'it compares email addresses; here a constrained form that is not compared is refused',
  },
  {
    name: 'an email constraint and an address in the subject',
    ...constrained(
      { permitted: [email('example.org')] },
      [],
      nameOf({ [EMAIL]: 'a@example.com' }, (text) =>
        Uint8Array.of(0x16, text.length, ...new TextEncoder().encode(text)),
      ),
    ),
    reason: outside,
  },
  {
    name: 'a URI constraint and a URI',
    ...constrained({ excluded: [uri('example.org')] }, [uri('https://example.org/')]),
    reason: outside,
  },
  {
    name: 'a constraint of a root',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const top = issueCa({
        subject: 'Constrained root',
        extensions: [CA, nameConstraints({ permitted: [dns('example.org')] })],
      });
      return { chain: [issue({ issuer: top, extensions: [subjectAltName(dns('example.com'))] })], roots: [top] };
    })(),
    reason: outside,
  },
  {
    name: 'a constraint that a lower CA cannot lift',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const upper = issueCa({
        subject: 'Upper',
        issuer: root,
        extensions: [CA, nameConstraints({ permitted: [dns('example.org')] })],
      });
      const lower = issueCa({
        subject: 'Lower',
        issuer: upper,
        extensions: [CA, nameConstraints({ permitted: [dns('example.com')] })],
      });
      return {
        chain: [issue({ issuer: lower, extensions: [subjectAltName(dns('example.com'))] }), lower, upper],
        roots: [root],
      };
    })(),
    reason: outside,
  },
  {
    name: 'a constraint that a self-issued CA itself breaks',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const permitted = [directory(nameOf({ [ORG]: 'Example' }))];
      const top = issueCa({ subject: 'Rollover', extensions: [CA, subjectKeyId(1), nameConstraints({ permitted })] });
      const rolled = issueCa({
        subject: 'Rollover',
        issuer: top,
        extensions: [CA, subjectKeyId(2), authorityKeyId(1)],
      });
      const options = { issuer: rolled, subject: nameOf({ [ORG]: 'Example' }), extensions: [authorityKeyId(2)] };
      return { chain: [issue(options), rolled], roots: [top] };
    })(),
  },
];

export const nameCases: readonly PathCase[] = [...serverNames, ...constraints];
