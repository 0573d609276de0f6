import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DtlsMalformedError } from '../../src/errors.ts';
import { alertName, readAlert, writeAlert } from '../../src/wire/alert.ts';
import { readCertificate, writeCertificate } from '../../src/wire/certificate.ts';
import { readCertificateRequest, writeCertificateRequest } from '../../src/wire/certificate-request.ts';
import { readCertificateVerify, writeCertificateVerify } from '../../src/wire/certificate-verify.ts';
import { readClientHello, readClientHelloFront, writeClientHello } from '../../src/wire/client-hello.ts';
import { handshakeMessage, readHandshakeFragment } from '../../src/wire/handshake-message.ts';
import { readHelloVerifyRequest, writeHelloVerifyRequest } from '../../src/wire/hello-verify-request.ts';
import {
  readClientKeyExchange,
  readHintedServerShare,
  readIdentityHint,
  readSignedServerShare,
  serverKeyParams,
  writeClientKeyExchange,
  writeHintedServerShare,
  writeSignedServerShare,
} from '../../src/wire/key-exchange.ts';
import { readServerHello, writeServerHello } from '../../src/wire/server-hello.ts';

const clientHello = {
  version: 0xfefd,
  random: new Uint8Array(32).fill(1),
  sessionId: Uint8Array.of(2),
  cookie: Uint8Array.of(3, 4),
  cipherSuites: [0xc02b, 0x00ff],
  compressionMethods: Uint8Array.of(0),
  extensions: new Map([[23, new Uint8Array(0)]]),
};
const serverHello = {
  version: 0xfefd,
  random: new Uint8Array(32).fill(1),
  sessionId: new Uint8Array(0),
  cipherSuite: 0xc02b,
  compressionMethod: 0,
  extensions: new Map([
    [23, new Uint8Array(0)],
    [0xff01, Uint8Array.of(0)],
  ]),
};
const params = serverKeyParams(29, new Uint8Array(32).fill(5));
const signed = { signatureScheme: 0x0403, signature: Uint8Array.of(6, 7) };
const publicKey = Uint8Array.of(8);
const pskIdentity = Uint8Array.of(9, 10);

function readExchange(...parts: readonly ('ecdhe' | 'psk')[]) {
  const has = { ecdhe: parts.includes('ecdhe'), psk: parts.includes('psk') };
  return (body: Uint8Array) => readClientKeyExchange(body, has);
}

const STRUCTS: readonly (readonly [string, Uint8Array, (body: Uint8Array) => unknown])[] = [
  ['ClientHello', writeClientHello(clientHello), readClientHello],
  ['ServerHello', writeServerHello(serverHello), readServerHello],
  ['HelloVerifyRequest', writeHelloVerifyRequest(Uint8Array.of(1, 2)), readHelloVerifyRequest],
  ['Certificate', writeCertificate([Uint8Array.of(1), Uint8Array.of(2, 3)]), readCertificate],
  ['CertificateRequest', Uint8Array.of(1, 64, 0, 2, 4, 3, 0, 3, 0, 1, 9), readCertificateRequest],
  ['CertificateVerify', writeCertificateVerify(signed), readCertificateVerify],
  ['ServerKeyExchange of ECDHE', writeSignedServerShare(params, 0x0403, Uint8Array.of(6, 7)), readSignedServerShare],
  ['ServerKeyExchange of ECDHE_PSK', writeHintedServerShare(params), readHintedServerShare],
  ['ServerKeyExchange of PSK', Uint8Array.of(0, 2, 104, 105), readIdentityHint],
  ['ClientKeyExchange of ECDHE', writeClientKeyExchange({ publicKey, pskIdentity: undefined }), readExchange('ecdhe')],
  ['ClientKeyExchange of ECDHE_PSK', writeClientKeyExchange({ publicKey, pskIdentity }), readExchange('ecdhe', 'psk')],
  ['ClientKeyExchange of PSK', writeClientKeyExchange({ publicKey: undefined, pskIdentity }), readExchange('psk')],
];

/** Where a ClientHello and a ServerHello may end: before their extensions (RFC 5246 7.4.1.2). */
const OPTIONAL_TAIL: Readonly<Record<string, number>> = { ClientHello: 2 + 4, ServerHello: 2 + 4 + 5 };

describe.each(STRUCTS)('%s', (name, body, read) => {
  test('is malformed when a byte is missing or too many', () => {
    expect(() => read(body)).not.toThrow();
    for (let length = 0; length < body.length; length++) {
      if (body.length - length === OPTIONAL_TAIL[name]) continue;
      expect(() => read(body.subarray(0, length)), `${length} bytes`).toThrow(DtlsMalformedError);
    }
    expect(() => read(new Uint8Array([...body, 0]))).toThrow(DtlsMalformedError);
  });

  test('whatever the bytes, it is read or refused as malformed', () => {
    const damaged = fc.tuple(fc.nat(body.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = body.slice();
      copy[at] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DtlsMalformedError);
        }
      }),
      { seed: 6, numRuns: 500 },
    );
  });
});

test('hellos are read as they were written', () => {
  expect(readClientHello(writeClientHello(clientHello))).toEqual(clientHello);
  expect(readServerHello(writeServerHello(serverHello))).toEqual(serverHello);
});

test('the front of a ClientHello needs no more than its cookie', () => {
  const body = writeClientHello(clientHello);
  const cookieEnd = 2 + 32 + 2 + 3;
  expect(readClientHelloFront(body.subarray(0, cookieEnd))).toMatchObject({ cookie: clientHello.cookie });
  expect(() => readClientHelloFront(body.subarray(0, cookieEnd - 1))).toThrow(DtlsMalformedError);
});

test('an extension that comes twice is refused', () => {
  const twice = new Uint8Array([
    ...writeClientHello({ ...clientHello, extensions: new Map() }),
    0,
    8,
    0,
    23,
    0,
    0,
    0,
    23,
    0,
    0,
  ]);
  expect(() => readClientHello(twice)).toThrow(expect.objectContaining({ reason: 'duplicate-extension' }));
});

test('key exchanges and what concerns certificates are read as they were written', () => {
  expect(readCertificateVerify(writeCertificateVerify(signed))).toEqual(signed);
  const request = { certificateTypes: [64, 1], signatureSchemes: [0x0403, 0x0807] };
  expect(readCertificateRequest(writeCertificateRequest(request))).toEqual(request);
  const share = { group: 29, publicKey: new Uint8Array(32).fill(5), params };
  expect(readSignedServerShare(writeSignedServerShare(params, 0x0403, Uint8Array.of(6, 7)))).toEqual({
    ...share,
    ...signed,
  });
  expect(readHintedServerShare(writeHintedServerShare(params))).toEqual(share);
  const both = { publicKey, pskIdentity };
  expect(readExchange('ecdhe', 'psk')(writeClientKeyExchange(both))).toEqual(both);
});

test('a malformed struct names itself, the reason and the byte', () => {
  expect(() => readExchange('ecdhe')(Uint8Array.of(2, 1))).toThrow(
    expect.objectContaining({
      code: 'ERR_DTLS_MALFORMED',
      reason: 'truncated',
      offset: 1,
      message: 'malformed ClientKeyExchange: truncated at byte 1',
    }),
  );
});

test('a fragment is consistent or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const fragment = readHandshakeFragment(bytes, 0);
      if (fragment !== undefined) expect(fragment.offset + fragment.bytes.length).toBeLessThanOrEqual(fragment.length);
    }),
    { seed: 7, numRuns: 1_000 },
  );
  const { raw } = handshakeMessage(11, 3, Uint8Array.of(1, 2, 3));
  expect(readHandshakeFragment(raw, 0)).toEqual({
    type: 11,
    length: 3,
    messageSeq: 3,
    offset: 0,
    bytes: Uint8Array.of(1, 2, 3),
  });
});

test('alerts have a level, a number and a name', () => {
  expect(writeAlert(0)).toEqual(Uint8Array.of(1, 0));
  expect(writeAlert(40)).toEqual(Uint8Array.of(2, 40));
  expect(readAlert(Uint8Array.of(2, 40))).toEqual({ fatal: true, alert: 40 });
  expect([[], [2], [3, 40], [2, 40, 0]].map((bytes) => readAlert(Uint8Array.from(bytes)))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect([alertName(48), alertName(200)]).toEqual(['unknown_ca', 'alert_200']);
});
