import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AEAD_PARAMETERS } from '../../src/crypto/aead-parameters.ts';
import {
  CIPHER_SUITE_NAMES,
  CIPHER_SUITES,
  type CipherSuiteName,
  schemesFor,
  suitesOf,
} from '../../src/handshake/cipher-suites.ts';
import { CIPHER_SUITES_13 } from '../../src/handshake/cipher-suites-13.ts';
import { isWholeFlight } from '../../src/handshake/message-order.ts';
import { premasterSecret } from '../../src/handshake/premaster-secret.ts';
import { SCHEME_NUMBERS, schemeNumbered } from '../../src/handshake/signature-schemes.ts';
import { nobleCrypto } from '../../src/noble/crypto-provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { handshakeMessage } from '../../src/wire/handshake-message.ts';

describe('cipher suites', () => {
  test('names say what the suites do', () => {
    for (const { name, keyExchange, aead, hash } of CIPHER_SUITES) {
      const [exchange, cipher] = name.replace(/^TLS_/, '').split('_WITH_');
      expect(keyExchange).toBe(exchange!.toLowerCase());
      const algorithm = cipher!.replace(/_SHA\d+$/, '').toLowerCase();
      expect(aead.replaceAll('-', '_')).toBe(algorithm);
      expect(hash).toBe(/_SHA(\d+)$/.exec(name)?.[0].slice(1).toLowerCase() ?? 'sha256'); // RFC 6655 3, RFC 7251 2
      expect(AEAD_PARAMETERS[aead]).toBeDefined();
    }
    expect(new Set(CIPHER_SUITES.map(({ number }) => number)).size).toBe(CIPHER_SUITES.length);
    expect(CIPHER_SUITE_NAMES).toEqual([...CIPHER_SUITES_13, ...CIPHER_SUITES].map(({ name }) => name));
  });

  test('what has no forward secrecy comes after what has, and a short tag last', () => {
    const place = (name: CipherSuiteName) => CIPHER_SUITE_NAMES.indexOf(name);
    expect(place('TLS_PSK_WITH_AES_128_GCM_SHA256')).toBeGreaterThan(place('TLS_ECDHE_ECDSA_WITH_AES_128_CCM'));
    expect(CIPHER_SUITE_NAMES.slice(-2).every((name) => name.endsWith('_CCM_8'))).toBe(true);
  });

  test('noble runs all but those with RSA', () => {
    expect(suitesOf(nodeCrypto)).toEqual(CIPHER_SUITES);
    expect(suitesOf(nobleCrypto)).toEqual(CIPHER_SUITES.filter(({ keyExchange }) => keyExchange !== 'ecdhe_rsa'));
  });

  test('a scheme fits the suites of its kind of key, and has its number of RFC 8446', () => {
    const ecdsa = CIPHER_SUITES.find(({ keyExchange }) => keyExchange === 'ecdhe_ecdsa')!;
    const rsa = CIPHER_SUITES.find(({ keyExchange }) => keyExchange === 'ecdhe_rsa')!;
    const psk = CIPHER_SUITES.find(({ keyExchange }) => keyExchange === 'psk')!;
    const all = nodeCrypto.signatureSchemes;
    expect(schemesFor(ecdsa, all)).toEqual(['ecdsa_secp256r1_sha256', 'ed25519']);
    expect(schemesFor(rsa, all)).toEqual(['rsa_pss_rsae_sha256', 'rsa_pkcs1_sha256']);
    expect(schemesFor(psk, all)).toEqual([]);
    for (const scheme of all) expect(schemeNumbered(SCHEME_NUMBERS[scheme], all)).toBe(scheme);
    expect(schemeNumbered(0x0201, all)).toBeUndefined(); // RSA with SHA-1
  });

  test('the README names all of them', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    for (const name of CIPHER_SUITE_NAMES) expect(readme).toContain(name);
  });
});

describe('the premaster secret', () => {
  const shared = new Uint8Array(32).fill(1);
  const psk = Uint8Array.of(2, 3, 4);

  test('is what both have agreed on (RFC 8422 5.10)', () => {
    expect(premasterSecret(shared, undefined)).toEqual(shared);
  });

  test('with a shared key: both, each behind its length (RFC 5489 2)', () => {
    expect(premasterSecret(shared, psk)).toEqual(Uint8Array.of(0, 32, ...shared, 0, 3, 2, 3, 4));
  });

  test('of a shared key alone: as many zeros, then the key (RFC 4279 2)', () => {
    expect(premasterSecret(undefined, psk)).toEqual(Uint8Array.of(0, 3, 0, 0, 0, 0, 3, 2, 3, 4));
  });
});

describe('the order of a flight', () => {
  const order = [{ type: 2 }, { type: 12, optional: true }, { type: 14 }];
  const messages = (...types: number[]) => types.map((type, seq) => handshakeMessage(type, seq, new Uint8Array(0)));

  test('is whole with its last message, with or without what is optional', () => {
    expect([[], [2], [2, 12]].map((types) => isWholeFlight(messages(...types), order))).toEqual([false, false, false]);
    expect(
      [
        [2, 14],
        [2, 12, 14],
      ].map((types) => isWholeFlight(messages(...types), order)),
    ).toEqual([true, true]);
  });

  test.each([[[14]], [[12]], [[2, 2]], [[2, 12, 12]], [[2, 11]], [[2, 14, 14]]])('is wrong: %j', (types) => {
    expect(() => isWholeFlight(messages(...types), order)).toThrow(
      expect.objectContaining({ reason: 'unexpected-message' }),
    );
  });
});
