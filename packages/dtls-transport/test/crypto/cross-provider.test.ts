import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AEAD_PARAMETERS } from '../../src/crypto/aead-parameters.ts';
import type { AeadName, CryptoProvider } from '../../src/crypto/provider.ts';
import { nobleCrypto } from '../../src/noble/crypto-provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { newPkcs8, PRIVATE_KEYS } from '../support/private-keys.ts';

/** Each provider against the other, both ways: what one writes, the other must read. */
const PAIRS: readonly (readonly [string, CryptoProvider, CryptoProvider])[] = [
  ['node:crypto to noble', nodeCrypto, nobleCrypto],
  ['noble to node:crypto', nobleCrypto, nodeCrypto],
];
const HASHES = ['sha256', 'sha384'] as const;
const GROUPS = ['x25519', 'secp256r1'] as const;
const SCHEMES = ['ecdsa_secp256r1_sha256', 'ed25519'] as const;

/** Most records are short, but the edges of blocks and a whole record count too. */
const plaintexts = fc.oneof(
  { weight: 9, arbitrary: fc.uint8Array({ maxLength: 80 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1_000, maxLength: 16_384 }) },
);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe.each(nobleCrypto.aeads)('%s', (name: AeadName) => {
  const { keyLength, tagLength } = AEAD_PARAMETERS[name];
  const record = fc.record({
    key: bytes(keyLength),
    nonce: bytes(12),
    aad: fc.uint8Array({ maxLength: 40 }),
    plaintext: plaintexts,
  });

  test.each(PAIRS)('%s: the same bytes are sealed, and opened again', (_, writer, reader) => {
    const property = fc.property(record, ({ key, nonce, aad, plaintext }) => {
      const sealed = new Uint8Array(plaintext.length + tagLength);
      const expected = new Uint8Array(sealed.length);
      const reading = reader.aead(name, key);
      expect(writer.aead(name, key).seal(nonce, aad, plaintext, sealed, 0)).toBe(sealed.length);
      reading.seal(nonce, aad, plaintext, expected, 0);
      expect(sealed).toEqual(expected);
      expect(reading.open(nonce, aad, sealed)).toEqual(plaintext);
    });
    fc.assert(property, { seed: 5116, numRuns: 150 });
  });

  test.each(PAIRS)('%s: what was changed on the way is refused', (_, writer, reader) => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    const property = fc.property(record, change, ({ key, nonce, aad, plaintext }, [at, mask]) => {
      const sealed = new Uint8Array(plaintext.length + tagLength);
      writer.aead(name, key).seal(nonce, aad, plaintext, sealed, 0);
      sealed[at % sealed.length]! ^= mask;
      expect(reader.aead(name, key).open(nonce, aad, sealed)).toBeUndefined();
    });
    fc.assert(property, { seed: 5117, numRuns: 100 });
  });
});

describe.each(HASHES)('%s', (hash) => {
  test('both providers hash and authenticate alike, whatever the lengths', () => {
    const inputs = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }));
    const property = fc.property(inputs, ([key, data]) => {
      expect(nobleCrypto.hash(hash, data)).toEqual(nodeCrypto.hash(hash, data));
      expect(nobleCrypto.hmac(hash, key, data)).toEqual(nodeCrypto.hmac(hash, key, data));
    });
    fc.assert(property, { seed: 6234, numRuns: 300 });
  });

  test('both running hashes go on alike', () => {
    const property = fc.property(fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 8 }), (pieces) => {
      const [ours, theirs] = [nobleCrypto.runningHash(hash), nodeCrypto.runningHash(hash)];
      for (const piece of pieces) {
        ours.update(piece);
        theirs.update(piece);
        expect(ours.digest()).toEqual(theirs.digest());
      }
    });
    fc.assert(property, { seed: 6235, numRuns: 100 });
  });
});

test.each(GROUPS)('both providers agree over %s', (group) => {
  for (let run = 0; run < 20; run++) {
    const [ours, theirs] = [nobleCrypto, nodeCrypto].map((crypto) => crypto.generateKeyAgreement(group));
    const secret = ours!.agree(theirs!.publicKey);
    expect(secret).toHaveLength(32);
    expect(secret).toEqual(theirs!.agree(ours!.publicKey));
  }
});

test.each(GROUPS)('both providers judge the same %s keys of a peer', (group) => {
  const length = group === 'x25519' ? 32 : 65;
  const [ours, theirs] = [nobleCrypto, nodeCrypto].map((crypto) => crypto.generateKeyAgreement(group));
  const key = fc.oneof(
    bytes(length),
    bytes(length - 1).map((rest) => Uint8Array.of(group === 'x25519' ? 0 : 4, ...rest)),
    fc.tuple(fc.nat(length - 1), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
      const changed = theirs!.publicKey.slice();
      changed[at]! ^= mask;
      return changed;
    }),
  );
  const property = fc.property(key, (peer) => {
    expect(ours!.agree(peer) === undefined).toBe(theirs!.agree(peer) === undefined);
  });
  fc.assert(property, { seed: 7748, numRuns: 150 });
});

describe.each(SCHEMES)('%s', (scheme) => {
  test.each(PAIRS)('%s: what one signs, the other verifies', (_, signer, verifier) => {
    const pkcs8 = newPkcs8(scheme);
    const key = signer.importSigningKey(pkcs8);
    expect(verifier.importSigningKey(pkcs8).spki).toEqual(key.spki);
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      const signature = key.sign(scheme, data);
      expect(verifier.verify(scheme, key.spki, data, signature)).toBe(true);
      expect(verifier.verify(scheme, key.spki, Uint8Array.of(...data, 0), signature)).toBe(false);
    });
    fc.assert(property, { seed: 6979, numRuns: 40 });
  });

  test('both providers find the same public key in every form of PKCS#8', () => {
    const known = PRIVATE_KEYS.filter(({ schemes }) => schemes.includes(scheme));
    expect(known.length).toBeGreaterThan(0);
    for (const { form, pkcs8, spki } of known) {
      expect(nobleCrypto.importSigningKey(pkcs8).spki, form).toEqual(spki);
      expect(nodeCrypto.importSigningKey(pkcs8).spki, form).toEqual(spki);
    }
  });
});

test('both providers judge changed signatures of certificates alike', () => {
  const key = nodeCrypto.importSigningKey(newPkcs8('ecdsa_secp256r1_sha256'));
  const data = new TextEncoder().encode('certificate');
  const signature = key.sign('ecdsa_secp256r1_sha256', data);
  const change = fc.tuple(fc.nat(signature.length - 1), fc.nat(255));
  const property = fc.property(change, ([at, value]) => {
    const changed = signature.slice();
    changed[at] = value;
    const [ours, theirs] = [nobleCrypto, nodeCrypto].map((crypto) =>
      crypto.verifyCertificateSignature('ecdsa_sha256', key.spki, data, changed),
    );
    expect(ours).toBe(theirs);
    expect(ours).toBe(value === signature[at]);
  });
  fc.assert(property, { seed: 5280, numRuns: 200 });
});
