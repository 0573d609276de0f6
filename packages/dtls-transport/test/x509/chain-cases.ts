import { booleanTrue, element, objectIdentifier, sequence, set, utf8String } from '../../src/x509/der-writer.ts';
import { OID } from '../../src/x509/oids.ts';
import {
  authorityKeyId,
  basicConstraints,
  extendedKeyUsage,
  extension,
  general,
  type Issued,
  type IssueOptions,
  issue,
  issueCa,
  keyUsage,
  NOW,
  nameOf,
  p256Signer,
  printableString,
  subjectAltName,
  subjectKeyId,
} from '../support/certificate-maker.ts';
import type { PathCase } from './path-cases.ts';

const CA = basicConstraints({ ca: true });
const root = issueCa({ subject: 'Root' });
const inter = issueCa({ subject: 'Intermediate', issuer: root });
const peer = issue({ issuer: inter });
const selfSigned = issue();

/** root -> a CA with these options -> the peer. */
function under(options: IssueOptions, peerOptions: IssueOptions = {}): Pick<PathCase, 'chain' | 'roots'> {
  const ca = issueCa({ subject: 'CA in question', issuer: root, ...options });
  return { chain: [issue({ issuer: ca, ...peerOptions }), ca], roots: [root] };
}

/** The peer with these options, right under a root. */
function peerWith(options: IssueOptions): Pick<PathCase, 'chain' | 'roots'> {
  return { chain: [issue({ issuer: root, ...options })], roots: [root] };
}

/** root with these options -> the peer. */
function underRoot(options: IssueOptions): Pick<PathCase, 'chain' | 'roots'> {
  const ca = issueCa({ subject: 'Root in question', ...options });
  return { chain: [issue({ issuer: ca })], roots: [ca] };
}

const building: readonly PathCase[] = [
  { name: 'a self-signed certificate that is trusted', chain: [selfSigned], roots: [selfSigned] },
  { name: 'a self-signed certificate that is not', chain: [selfSigned], roots: [root], reason: 'unknown-issuer' },
  { name: 'no roots at all', chain: [peer, inter], roots: [], reason: 'unknown-issuer' },
  { name: 'a chain to a root', chain: [peer, inter], roots: [root] },
  { name: 'a chain with its root sent along', chain: [peer, inter, root], roots: [root] },
  { name: 'a sent root that nobody trusts', chain: [peer, inter, root], roots: [selfSigned], reason: 'unknown-issuer' },
  {
    name: 'intermediates out of order, others among them',
    chain: [
      issue({ issuer: issueCa({ subject: 'Lower', issuer: inter, signer: p256Signer('lower') }) }),
      selfSigned,
      inter,
      issueCa({ subject: 'Other', issuer: root }),
      issueCa({ subject: 'Lower', issuer: inter, signer: p256Signer('lower') }),
    ],
    roots: [selfSigned, root],
  },
  { name: 'an intermediate that was not sent', chain: [peer], roots: [root], reason: 'unknown-issuer' },
  { name: 'a trusted intermediate without its root', chain: [peer], roots: [inter] },
  { name: "a trusted peer's certificate without its issuer", chain: [peer], roots: [peer] },
  {
    name: 'two roots of one name, the wrong one first',
    chain: [peer, inter],
    roots: [issueCa({ subject: 'Root' }), root],
    opensslDiffers: 'it tries the first only, unless key identifiers tell them apart',
  },
  {
    name: 'two intermediates of one name, the wrong one first',
    chain: [peer, issueCa({ subject: 'Intermediate', issuer: root }), inter],
    roots: [root],
    opensslDiffers: 'it tries the first only, unless key identifiers tell them apart',
  },
  {
    name: 'two roots of one name, told apart by their key identifiers',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const [one, two] = [1, 2].map((id) => issueCa({ extensions: [CA, subjectKeyId(id)] }));
      return { chain: [issue({ issuer: two!, extensions: [authorityKeyId(2)] })], roots: [one!, two!] };
    })(),
  },
  {
    name: 'an issuer of the right name and the wrong key',
    chain: [issue({ issuer: { ...root, signer: p256Signer('another key') } })],
    roots: [root],
    reason: 'bad-signature',
  },
  {
    name: 'an issuer whose key identifier is another',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const ca = issueCa({ subject: 'Root', extensions: [CA, subjectKeyId(1)] });
      return { chain: [issue({ issuer: ca, extensions: [authorityKeyId(2)] })], roots: [ca] };
    })(),
    reason: 'unknown-issuer',
  },
  {
    name: 'a name in another string type, another case and with other spaces',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const ca = issueCa({ subject: nameOf({ '2.5.4.10': 'Some  Org', [OID.commonName]: 'Root' }) });
      const written = { ...ca, name: nameOf({ '2.5.4.10': ' SOME Org', [OID.commonName]: 'root' }, printableString) };
      return { chain: [issue({ issuer: written })], roots: [ca] };
    })(),
  },
  {
    name: 'an expired intermediate beside a good one of the same key',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const options = { subject: 'Renewed', issuer: root, signer: p256Signer('renewed') };
      const [old, renewed] = [issueCa({ ...options, notAfter: NOW - 1000 }), issueCa(options)];
      return { chain: [issue({ issuer: old }), old, renewed], roots: [root] };
    })(),
  },
  ...[false, true].map((impostorFirst): PathCase => {
    const impostor = issueCa({ subject: 'Intermediate', issuer: root });
    const expired = issueCa({ subject: 'Intermediate', issuer: root, signer: inter.signer, notAfter: NOW - 1000 });
    const intermediates = impostorFirst ? [impostor, expired] : [expired, impostor];
    return {
      name: `an expired intermediate ${impostorFirst ? 'after' : 'before'} one of its name and another key`,
      chain: [peer, ...intermediates],
      roots: [root],
      reason: 'expired',
      opensslError: 7,
    };
  }),
  {
    name: 'a name of two attributes at once, in another order',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const attributes = [OID.commonName, '2.5.4.10'].map((oid) => sequence(objectIdentifier(oid), utf8String('x')));
      const ca = issueCa({ subject: sequence(set(...attributes)) });
      return { chain: [issue({ issuer: { ...ca, name: sequence(set(...attributes.reverse())) } })], roots: [ca] };
    })(),
  },
  {
    name: 'two CAs that certify each other and nobody else',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const [a, b] = [issueCa({ subject: 'A' }), issueCa({ subject: 'B' })];
      const cross = [
        issueCa({ subject: 'A', signer: a.signer, issuer: b }),
        issueCa({ subject: 'B', signer: b.signer, issuer: a }),
      ];
      return { chain: [issue({ issuer: a }), ...cross], roots: [root] };
    })(),
    reason: 'unknown-issuer',
  },
];

const validity: readonly PathCase[] = [
  { name: 'an expired peer', ...peerWith({ notAfter: NOW - 1000 }), reason: 'expired' },
  { name: 'a peer of tomorrow', ...peerWith({ notBefore: NOW + 1000 }), reason: 'not-yet-valid' },
  { name: 'an expired intermediate', ...under({ notAfter: NOW - 1000 }), reason: 'expired' },
  { name: 'an intermediate of tomorrow', ...under({ notBefore: NOW + 1000 }), reason: 'not-yet-valid' },
  { name: 'an expired root', ...underRoot({ notAfter: NOW - 1000 }), reason: 'expired' },
  { name: 'the first second', ...peerWith({ notBefore: NOW }), at: NOW },
  {
    name: 'the last second',
    ...peerWith({ notAfter: NOW }),
    at: NOW + 999,
    opensslDiffers: 'it takes notAfter as exclusive; RFC 5280 4.1.2.5 as inclusive',
  },
  { name: 'a year from 2050 on', ...peerWith({ notAfter: Date.parse('2051-01-01T00:00:00Z') }) },
  { name: 'a year before 2000', ...peerWith({ notBefore: Date.parse('1955-01-01T00:00:00Z') }) },
];

const authorities: readonly PathCase[] = [
  { name: 'an issuer without basicConstraints', ...under({ extensions: [] }), reason: 'not-a-ca' },
  { name: 'an issuer that is no CA', ...under({ extensions: [basicConstraints({ ca: false })] }), reason: 'not-a-ca' },
  {
    name: 'an issuer that says cA FALSE explicitly',
    ...under({ extensions: [extension(OID.basicConstraints, sequence(element(1, Uint8Array.of(0))))] }),
    reason: 'not-a-ca',
  },
  { name: 'an issuer of version 1', ...under({ extensions: [], version: 1 }), reason: 'not-a-ca' },
  {
    name: 'a root of version 1',
    ...underRoot({ extensions: [], version: 1 }),
    reason: 'not-a-ca',
    opensslDiffers: 'it takes any self-signed root of version 1 for a CA',
  },
  {
    name: 'a peer that says cA FALSE explicitly',
    ...peerWith({ extensions: [extension(OID.basicConstraints, sequence(element(1, Uint8Array.of(0))))] }),
  },
  { name: 'a peer that is a CA itself', ...peerWith({ extensions: [CA] }) },
  {
    name: 'an issuer that may not sign certificates',
    ...under({ extensions: [CA, keyUsage(0, 6)] }),
    reason: 'key-usage',
  },
  { name: 'an issuer that may', ...under({ extensions: [CA, keyUsage(5)] }) },
  {
    name: 'a root that may not sign certificates',
    ...underRoot({ extensions: [CA, keyUsage(0)] }),
    reason: 'key-usage',
  },
  {
    name: 'path length 0 over the peer',
    ...underRoot({ extensions: [basicConstraints({ ca: true, pathLength: 0 })] }),
  },
  ...[0, 1].map((pathLength): PathCase => {
    const top = issueCa({ subject: 'Short', extensions: [basicConstraints({ ca: true, pathLength })] });
    const one = issueCa({ subject: 'One', issuer: top });
    const two = issueCa({ subject: 'Two', issuer: one });
    return {
      name: `path length ${pathLength} over ${pathLength + 1} CAs`,
      chain: [pathLength === 0 ? issue({ issuer: one }) : issue({ issuer: two }), two, one],
      roots: [top],
      reason: 'path-length',
    };
  }),
  {
    name: 'a negative path length',
    ...under({
      extensions: [
        extension(OID.basicConstraints, sequence(booleanTrue(), element(0x02, Uint8Array.of(0xff))), 'critical'),
      ],
    }),
    reason: 'malformed',
  },
  {
    name: 'path length 0 over a self-issued CA, which does not count',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const extensions = [basicConstraints({ ca: true, pathLength: 0 }), subjectKeyId(1)];
      const top = issueCa({ subject: 'Rollover', extensions });
      const rolled = issueCa({
        subject: 'Rollover',
        issuer: top,
        extensions: [CA, subjectKeyId(2), authorityKeyId(1)],
      });
      return { chain: [issue({ issuer: rolled, extensions: [authorityKeyId(2)] }), rolled], roots: [top] };
    })(),
  },
];

const usage: readonly PathCase[] = [
  { name: 'a peer that may sign', ...peerWith({ extensions: [keyUsage(0)] }) },
  { name: 'a peer that may only sign certificates', ...peerWith({ extensions: [keyUsage(5)] }), reason: 'key-usage' },
  {
    name: 'a peer that may only agree on keys',
    ...peerWith({ extensions: [keyUsage(4)] }),
    reason: 'key-usage',
    opensslDiffers: 'it allows for suites in which the key does not sign; all of ours sign (RFC 8422 2.2)',
  },
  {
    name: 'a server that is certified as a client',
    ...peerWith({ extensions: [extendedKeyUsage(OID.clientAuth)] }),
    reason: 'extended-key-usage',
  },
  {
    name: 'a client that is certified as a client',
    ...peerWith({ extensions: [extendedKeyUsage(OID.clientAuth)] }),
    purpose: 'clientAuth',
  },
  {
    name: 'a client that is certified as a server',
    ...peerWith({ extensions: [extendedKeyUsage(OID.serverAuth)] }),
    purpose: 'clientAuth',
    reason: 'extended-key-usage',
  },
  {
    name: 'a peer that is certified as both',
    ...peerWith({ extensions: [extendedKeyUsage(OID.clientAuth, OID.serverAuth)] }),
  },
  {
    name: 'a peer certified for any use and nothing else',
    ...peerWith({ extensions: [extendedKeyUsage('2.5.29.37.0')] }),
    reason: 'extended-key-usage',
  },
  {
    name: 'an intermediate for clients only',
    ...under({ extensions: [CA, extendedKeyUsage(OID.clientAuth)] }),
    reason: 'extended-key-usage',
  },
  {
    name: 'a root for clients only',
    ...underRoot({ extensions: [CA, extendedKeyUsage(OID.clientAuth)] }),
    reason: 'extended-key-usage',
  },
];

const ODD_OID = '1.3.6.1.4.1.99999.1';
const odd = (critical?: 'critical'): Uint8Array => extension(ODD_OID, sequence(), critical);
const POLICY = sequence(sequence(objectIdentifier('1.2.3.4')));

const criticality: readonly PathCase[] = [
  { name: 'an unknown extension', ...peerWith({ extensions: [odd()] }) },
  {
    name: 'an unknown critical extension of the peer',
    ...peerWith({ extensions: [odd('critical')] }),
    reason: 'unknown-critical-extension',
  },
  {
    name: 'an unknown critical extension of an intermediate',
    ...under({ extensions: [CA, odd('critical')] }),
    reason: 'unknown-critical-extension',
  },
  {
    name: 'an unknown critical extension of a root',
    ...underRoot({ extensions: [CA, odd('critical')] }),
    reason: 'unknown-critical-extension',
  },
  {
    name: 'every extension that we know, critical',
    ...peerWith({
      extensions: [
        CA,
        keyUsage(0, 5),
        extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID.serverAuth)), 'critical'),
        extension(OID.subjectAltName, sequence(general.dns('a.example')), 'critical'),
        extension(OID.certificatePolicies, POLICY, 'critical'),
      ],
    }),
    serverName: 'a.example',
  },
  {
    name: 'policyConstraints, which are critical',
    ...under({ extensions: [CA, extension('2.5.29.36', sequence(element(0x80, Uint8Array.of(0))), 'critical')] }),
    reason: 'unknown-critical-extension',
    opensslDiffers: 'it knows policies, and leaves them out unless asked',
  },
];

const ALGORITHM = sequence(objectIdentifier(OID.ecdsaWithSha256));
const twice = subjectAltName(general.dns('a.example'));
const mangled = (certificate: Issued, der: Uint8Array): Issued => ({ ...certificate, der });

const malformed: readonly PathCase[] = [
  { name: 'an extension that stands twice', ...peerWith({ extensions: [twice, twice] }), reason: 'malformed' },
  {
    name: 'extensions in version 1',
    ...peerWith({ version: 1, extensions: [twice] }),
    reason: 'malformed',
    opensslDiffers: 'it reads them unless -x509_strict',
  },
  {
    name: 'two different signature algorithms in one certificate',
    ...peerWith({ innerAlgorithm: sequence(objectIdentifier('1.2.840.10045.4.3.3')) }),
    reason: 'malformed',
  },
  {
    name: 'a byte after the certificate',
    chain: [mangled(peer, Uint8Array.of(...peer.der, 0)), inter],
    roots: [root],
    reason: 'malformed',
    opensslDiffers: 'it reads the first element only',
  },
  {
    name: 'a parameter that ECDSA does not have',
    ...((): Pick<PathCase, 'chain' | 'roots'> => {
      const algorithm = sequence(ALGORITHM.subarray(2), element(0x05));
      const odd = issueCa({ subject: 'Null', signer: { ...p256Signer('null'), algorithm } });
      return { chain: [issue({ issuer: odd })], roots: [odd] };
    })(),
    reason: 'unsupported-signature-algorithm',
    opensslDiffers: 'it passes over parameters',
  },
];

export const chainCases: readonly PathCase[] = [
  ...building,
  ...validity,
  ...authorities,
  ...usage,
  ...criticality,
  ...malformed,
];
