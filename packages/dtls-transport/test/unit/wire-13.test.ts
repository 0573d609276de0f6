import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DtlsError, DtlsMalformedError } from '../../src/errors.ts';
import {
  chosenCertificateType,
  readCertificateTypes,
  writeCertificateType,
  writeCertificateTypes,
} from '../../src/handshake/certificate-types.ts';
import { CIPHER_SUITES_13 } from '../../src/handshake/cipher-suites-13.ts';
import { readClientOffer13, recordSizeLimit13 } from '../../src/handshake/client-offer-13.ts';
import { readPskModes, writePskModes } from '../../src/handshake/psk-mode.ts';
import {
  hasDowngradeSentinel,
  isServerHello13,
  readCookieExtension,
  readServerAnswer13,
  withDowngradeSentinel,
  writeCookieExtension,
  writeHelloRetryRequest,
  writeServerHello13,
} from '../../src/handshake/server-hello-13.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { readAck, writeAck } from '../../src/wire/ack.ts';
import { readCertificate13, readEncryptedExtensions, writeCertificate13 } from '../../src/wire/certificate-13.ts';
import { readCertificateRequest13, writeCertificateRequest13 } from '../../src/wire/certificate-request-13.ts';
import { readClientHello } from '../../src/wire/client-hello.ts';
import { offersVersion13, peekClientHello } from '../../src/wire/client-hello-peek.ts';
import {
  readCompressedCertificate,
  readCompressionAlgorithms,
  writeCompressedCertificate,
  writeCompressionAlgorithms,
} from '../../src/wire/compressed-certificate.ts';
import { writeExtensionBlock } from '../../src/wire/extensions.ts';
import {
  readClientShares,
  readNumbers,
  readOneNumber,
  readServerShare,
  writeClientShares,
  writeNumbers,
  writeServerShare,
} from '../../src/wire/key-share.ts';
import { readKeyUpdate, writeKeyUpdate } from '../../src/wire/key-update.ts';
import { readOfferedPsks, writeOfferedPsk } from '../../src/wire/pre-shared-key.ts';
import { readServerHello } from '../../src/wire/server-hello.ts';
import { identity } from '../support/endpoints.ts';

const suite = CIPHER_SUITES_13[0]!;
const extensions = new Map([[13, Uint8Array.of(0, 2, 4, 3)]]);
const share = { group: 29, publicKey: new Uint8Array(32).fill(3) };
const offered = { cipherSuites: CIPHER_SUITES_13, groups: ['x25519', 'secp256r1'], pskModes: [] } as const;

/** Each codec: what is written, and how it is read. */
const CODECS: readonly (readonly [
  name: string,
  bytes: Uint8Array,
  read: (bytes: Uint8Array) => unknown,
  value: unknown,
])[] = [
  ['ACK', writeAck([{ epoch: 2, sequence: 5 }]), readAck, [{ epoch: 2, sequence: 5 }]],
  ['ACK of 48 bits', writeAck([{ epoch: 3, sequence: 2 ** 48 - 1 }]), readAck, [{ epoch: 3, sequence: 2 ** 48 - 1 }]],
  ['no ACK', writeAck([]), readAck, []],
  [
    'Certificate',
    writeCertificate13(Uint8Array.of(7), [Uint8Array.of(1), Uint8Array.of(2, 3)]),
    readCertificate13,
    {
      context: Uint8Array.of(7),
      entries: [
        { data: Uint8Array.of(1), extensions: new Map() },
        { data: Uint8Array.of(2, 3), extensions: new Map() },
      ],
    },
  ],
  ['EncryptedExtensions', writeExtensionBlock(extensions), readEncryptedExtensions, extensions],
  [
    'CertificateRequest',
    writeCertificateRequest13({ context: new Uint8Array(0), extensions }),
    readCertificateRequest13,
    { context: new Uint8Array(0), extensions },
  ],
  ['KeyUpdate', writeKeyUpdate(true), readKeyUpdate, true],
  ['KeyUpdate alone', writeKeyUpdate(false), readKeyUpdate, false],
  ['key shares of a client', writeClientShares([share]), readClientShares, [share]],
  ['no key share', writeClientShares([]), readClientShares, []],
  ['key share of a server', writeServerShare(share), readServerShare, share],
  ['cookie', writeCookieExtension(Uint8Array.of(9)), readCookieExtension, Uint8Array.of(9)],
  [
    'offered shared key',
    writeOfferedPsk(Uint8Array.of(65), new Uint8Array(32).fill(6)),
    readOfferedPsks,
    { identities: [Uint8Array.of(65)], binders: [new Uint8Array(32).fill(6)], bindersLength: 35 },
  ],
  [
    'CompressedCertificate',
    writeCompressedCertificate({ algorithm: 1, length: 300, data: Uint8Array.of(5, 6) }),
    readCompressedCertificate,
    { algorithm: 1, length: 300, data: Uint8Array.of(5, 6) },
  ],
  ['compression algorithms', writeCompressionAlgorithms([1, 2]), readCompressionAlgorithms, [1, 2]],
  ['modes of shared keys', writePskModes(['psk_ke', 'psk_dhe_ke']), readPskModes, ['psk_dhe_ke', 'psk_ke']],
  ['numbers', writeNumbers([29, 23]), (bytes) => readNumbers(bytes, 'groups'), [29, 23]],
  ['one number', Uint8Array.of(1, 2), (bytes) => readOneNumber(bytes, 'group'), 0x0102],
];

describe.each(CODECS)('%s', (_name, bytes, read, value) => {
  test('what is written is read', () => expect(read(bytes)).toEqual(value));

  test('cut off or with more behind it, it is malformed', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => read(bytes.subarray(0, length))).toThrow(DtlsMalformedError);
    }
    expect(() => read(Uint8Array.of(...bytes, 0))).toThrow(DtlsMalformedError);
  });

  test('anything else is read or malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(bytes.length), (noise, at) => {
        const mixed = Uint8Array.of(...bytes.subarray(0, at), ...noise);
        try {
          read(mixed);
        } catch (error) {
          expect(error).toBeInstanceOf(DtlsMalformedError);
        }
      }),
      { seed: 21, numRuns: 300 },
    );
  });
});

test('a KeyUpdate asks or does not', () => expect(() => readKeyUpdate(Uint8Array.of(2))).toThrow('bad-value'));
test('each shared key has one binder', () => {
  const offered = writeOfferedPsk(Uint8Array.of(65), new Uint8Array(65).fill(32));
  offered[2 + 7 + 2] = 32; // its length, of 65: then another one follows
  expect(() => readOfferedPsks(offered)).toThrow('bad-value');
});
test('one key share for each group', () =>
  expect(() => readClientShares(writeClientShares([share, share]))).toThrow('bad-value'));
test('numbers that nobody can have sent are left out of an ACK', () => {
  const ack = writeAck([{ epoch: 3, sequence: 1 }]);
  ack[2] = 0xff;
  expect(readAck(ack)).toEqual([]);
});

describe('ServerHello', () => {
  const random = new Uint8Array(32).fill(5);
  const hello = () => readServerHello(writeServerHello13(random, suite, { share }));
  const changed = (part: object) => () => readServerAnswer13({ ...hello(), ...part }, offered);

  test('is read', () => {
    expect(isServerHello13(hello())).toBe(true);
    expect(readServerAnswer13(hello(), offered)).toEqual({ type: 'hello', suite, share });
  });

  test('asks for more when it is a HelloRetryRequest', () => {
    const retry = (group?: 'x25519') => readServerHello(writeHelloRetryRequest(suite, group, Uint8Array.of(1)));
    expect(readServerAnswer13(retry('x25519'), offered)).toEqual({
      ...{ type: 'retry', suite, group: 'x25519', cookie: Uint8Array.of(1) },
    });
    expect(readServerAnswer13(retry(), offered)).toMatchObject({ group: undefined });
    const { random: retryRandom, extensions: all } = retry();
    const empty = new Map([...all].filter(([type]) => type === 43));
    expect(changed({ random: retryRandom, extensions: empty })).toThrow('asks for nothing');
    expect(() => readServerAnswer13(retry('x25519'), { ...offered, groups: ['secp256r1'] })).toThrow('group');
  });

  test.each([
    ['another version', { extensions: new Map([[43, Uint8Array.of(0xfe, 0xfd)]]) }, 'version'],
    ['a legacy version', { version: 0xfefc }, 'legacy'],
    ['a session id', { sessionId: Uint8Array.of(1) }, 'legacy'],
    ['compression', { compressionMethod: 1 }, 'legacy'],
    ['another suite', { cipherSuite: 0x1399 }, 'suite'],
    ['no key share', { extensions: new Map([[43, Uint8Array.of(0xfe, 0xfc)]]) }, 'key share'],
    [
      'an extension that has no place there',
      {
        extensions: new Map([
          [43, Uint8Array.of(0xfe, 0xfc)],
          [0, share.publicKey],
        ]),
      },
      'extension 0',
    ],
  ])('with %s is refused', (_name, part, message) => expect(changed(part)).toThrow(message));

  test('of 1.2 says by the end of its random that 1.3 could be spoken', () => {
    expect(hasDowngradeSentinel(withDowngradeSentinel(random))).toBe(true);
    expect(hasDowngradeSentinel(random)).toBe(false);
    expect(withDowngradeSentinel(random).subarray(0, 24)).toEqual(random.subarray(0, 24));
  });
});

describe('certificate types (RFC 7250)', () => {
  const asked = (bytes: Uint8Array) => readCertificateTypes(new Map([[20, bytes]]), 'serverCertificateType');
  test('X.509 alone is not said', () => expect(writeCertificateTypes(['x509'])).toBeUndefined());
  test('are read in their order; others are passed over', () => {
    expect(asked(writeCertificateTypes(['raw-public-key', 'x509'])!)).toEqual(['raw-public-key', 'x509']);
    expect(asked(Uint8Array.of(2, 1, 2))).toEqual(['raw-public-key']);
    expect(readCertificateTypes(new Map(), 'clientCertificateType')).toEqual(['x509']);
    expect(() => asked(Uint8Array.of(0))).toThrow(DtlsMalformedError);
  });
  test('the answer is one of those that were asked for', () => {
    const answer = (bytes: Uint8Array) =>
      chosenCertificateType(new Map([[20, bytes]]), 'serverCertificateType', ['raw-public-key']);
    expect(answer(writeCertificateType('raw-public-key'))).toBe('raw-public-key');
    for (const bytes of [writeCertificateType('x509'), Uint8Array.of(1), Uint8Array.of(2, 2)]) {
      expect(() => answer(bytes)).toThrow('not offered');
    }
    expect(() => chosenCertificateType(new Map(), 'serverCertificateType', ['raw-public-key'])).toThrow('not offered');
  });
});

test('a record size limit counts the type of the content (RFC 8449 4)', () => {
  expect(recordSizeLimit13(undefined)).toBeUndefined();
  expect(recordSizeLimit13(Uint8Array.of(0x40, 0x01))).toBe(16_384);
  expect(recordSizeLimit13(Uint8Array.of(0, 64))).toBe(63);
  expect(() => recordSizeLimit13(Uint8Array.of(0, 63))).toThrow('less than 64');
  expect(() => recordSizeLimit13(Uint8Array.of(64))).toThrow('less than 64');
});

describe('what a listener sees of a ClientHello', () => {
  test('is found as far as it is there, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { versions } = peekClientHello(bytes);
        if (versions !== undefined) offersVersion13(versions);
      }),
      { seed: 22, numRuns: 1_000 },
    );
  });

  test('a list of versions that is cut off names none', () => {
    expect(offersVersion13(Uint8Array.of(4, 0xfe, 0xfc, 0xfe, 0xfd))).toBe(true);
    expect(offersVersion13(Uint8Array.of(2, 0xfe, 0xfd))).toBe(false);
    expect(offersVersion13(Uint8Array.of(4, 0xfe, 0xfc))).toBe(false);
    expect(offersVersion13(new Uint8Array(0))).toBe(false);
  });

  test('whatever a ClientHello says, the choice is made or refused', () => {
    const capabilities = {
      ...offered,
      identity,
      rawKey: undefined,
      pskModes: ['psk_dhe_ke', 'psk_ke'],
      packer: undefined,
    } as const;
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('10', '13', '20', '28', '41', '45', '51'), fc.uint8Array({ maxLength: 50 })),
        (map) => {
          const hello = {
            ...{ version: 0xfefd, random: new Uint8Array(32), sessionId: new Uint8Array(0), cookie: new Uint8Array(0) },
            ...{ cipherSuites: [0x1301], compressionMethods: Uint8Array.of(0) },
            extensions: new Map(Object.entries(map).map(([type, bytes]) => [Number(type), bytes])),
          };
          try {
            expect(readClientOffer13(hello, capabilities).suite).toBe(suite);
          } catch (error) {
            expect(error).toBeInstanceOf(DtlsError);
          }
        },
      ),
      { seed: 23, numRuns: 500 },
    );
  });
});

test('noise is no ClientHello', () => {
  expect(() => readClientHello(nodeCrypto.hash('sha256', new Uint8Array(0)))).toThrow(DtlsMalformedError);
});
