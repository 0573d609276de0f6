import { expect, test } from 'vitest';
import { PeerProof13 } from '../../src/handshake/peer-proof-13.ts';
import { Transcript13 } from '../../src/handshake/transcript-13.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ByteWriter } from '../../src/wire/byte-writer.ts';
import { HANDSHAKE_TYPE, handshakeMessage } from '../../src/wire/handshake-message.ts';

const DER = Uint8Array.of(0x30, 0);
/** status_request with nothing in it. */
const STATUS = Uint8Array.of(0, 5, 0, 0);

/** A Certificate of one entry with these extensions. */
function certificate(extensions: Uint8Array) {
  const list = new ByteWriter().vector24(DER).vector16(extensions).bytes();
  return handshakeMessage(
    HANDSHAKE_TYPE.certificate,
    2,
    new ByteWriter().vector8(new Uint8Array(0)).vector24(list).bytes(),
  );
}

test.each(['client', 'server'] as const)(
  'a certificate of a %s brings no extension unasked (RFC 8446 4.2)',
  (signer) => {
    const newProof = () =>
      new PeerProof13(nodeCrypto, signer, new Transcript13(nodeCrypto, 'sha256'), 'x509', undefined);
    const plain = newProof();
    plain.onCertificate(certificate(new Uint8Array(0)));
    expect(plain.chain).toEqual([DER]);
    expect(() => newProof().onCertificate(certificate(STATUS))).toThrow(
      expect.objectContaining({ reason: 'unoffered-extension', alert: 110 }),
    );
  },
);
