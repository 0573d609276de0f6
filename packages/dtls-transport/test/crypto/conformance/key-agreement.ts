import { describe, expect, test } from 'vitest';
import { field, fromHex, readWycheproof } from '../../support/wycheproof.ts';
import { type ConformanceSubject, hex, label } from './subject.ts';

export function testKeyAgreement({ name, crypto, agreementFrom }: ConformanceSubject): void {
  describe(`${name}: key agreement`, () => {
    test.each(['x25519', 'secp256r1'] as const)('two fresh %s keys agree', (group) => {
      const [ours, theirs] = [crypto.generateKeyAgreement(group), crypto.generateKeyAgreement(group)];
      expect(ours.group).toBe(group);
      expect(ours.publicKey).toHaveLength(group === 'x25519' ? 32 : 65);
      expect(ours.publicKey).not.toEqual(theirs.publicKey);
      expect(ours.agree(theirs.publicKey)).toHaveLength(32);
      expect(ours.agree(theirs.publicKey)).toEqual(theirs.agree(ours.publicKey));
    });

    test.each(['x25519', 'secp256r1'] as const)('%s: a public key of another length is refused', (group) => {
      const ours = crypto.generateKeyAgreement(group);
      const peer = crypto.generateKeyAgreement(group).publicKey;
      for (let length = 0; length < peer.length; length++) expect(ours.agree(peer.subarray(0, length))).toBeUndefined();
      expect(ours.agree(new Uint8Array([...peer, 0]))).toBeUndefined();
    });

    test('secp256r1: a hybrid point is refused though its point is good (RFC 8422 5.1.2)', () => {
      const peer = crypto.generateKeyAgreement('secp256r1').publicKey.slice();
      peer[0] = 0x06 | (peer[64]! & 1);
      expect(crypto.generateKeyAgreement('secp256r1').agree(peer)).toBeUndefined();
    });

    test('the 518 Wycheproof vectors of X25519; an all-zero result is refused (RFC 8422 5.11)', () => {
      const vectors = readWycheproof('x25519_test.json').flatMap((group) => group.tests);
      expect(vectors).toHaveLength(518);
      for (const vector of vectors) {
        const shared = agreementFrom('x25519', field(vector, 'private')).agree(field(vector, 'public'));
        const refused = vector.flags.includes('ZeroSharedSecret');
        expect(refused && vector.result === 'valid', label(vector)).toBe(false);
        expect(hex(shared), label(vector)).toBe(refused ? undefined : vector.shared);
      }
    });

    test('the 355 Wycheproof vectors of ECDH on P-256; a compressed point is refused (RFC 8422 5.1.2)', () => {
      const vectors = readWycheproof('ecdh_secp256r1_ecpoint_test.json').flatMap((group) => group.tests);
      expect(vectors).toHaveLength(355);
      for (const vector of vectors) {
        const privateKey = fromHex(`${vector.private}`.padStart(64, '0').slice(-64));
        const shared = agreementFrom('secp256r1', privateKey).agree(field(vector, 'public'));
        expect(hex(shared), label(vector)).toBe(vector.result === 'valid' ? vector.shared : undefined);
      }
    });
  });
}
