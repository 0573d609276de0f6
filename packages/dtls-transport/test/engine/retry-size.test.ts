import { expect, test } from 'vitest';
import { DtlsListener } from '../../src/listener/listener.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { writeClientHello } from '../../src/wire/client-hello.ts';
import { EXTENSION } from '../../src/wire/extensions.ts';
import { HANDSHAKE_TYPE, handshakeMessage } from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE } from '../../src/wire/record.ts';
import { seededBytes } from '../support/deterministic-provider.ts';
import { identity } from '../support/endpoints.ts';
import { plainRecord } from '../support/rewrite.ts';

test('the longest HelloRetryRequest to the shortest ClientHello is far from three times that (RFC 9147 5.1)', () => {
  const randomBytes = seededBytes('retry size');
  const listener = new DtlsListener({ crypto: nodeCrypto, randomBytes, identity, versions: ['1.3'] });
  const body = writeClientHello({
    version: 0xfefd,
    random: new Uint8Array(32).fill(1),
    sessionId: new Uint8Array(0),
    cookie: new Uint8Array(0),
    cipherSuites: [0x1302], // SHA-384, whose hash the cookie carries
    compressionMethods: Uint8Array.of(0),
    extensions: new Map<number, Uint8Array>([
      [EXTENSION.supportedVersions, Uint8Array.of(2, 0xfe, 0xfc)],
      [EXTENSION.supportedGroups, Uint8Array.of(0, 2, 0, 29)],
      [EXTENSION.keyShare, Uint8Array.of(0, 0)], // so that the answer names a group
      [EXTENSION.signatureAlgorithms, Uint8Array.of(0, 2, 4, 3)],
    ]),
  });
  const hello = plainRecord(CONTENT_TYPE.handshake, handshakeMessage(HANDSHAKE_TYPE.clientHello, 0, body).raw);
  listener.receive(hello, 'client', 0);
  const out = new Uint8Array(2_000);
  const retry = listener.pollTransmit(out);
  expect([hello.length, retry?.length]).toEqual([98, 151]);
  expect(listener.pollTransmit(out)).toBeUndefined();
});
