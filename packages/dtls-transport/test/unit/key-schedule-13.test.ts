import { expect, test } from 'vitest';
import { hkdfExpandLabel } from '../../src/crypto/hkdf-label.ts';
import {
  handshakeSecrets,
  keyLogLines13,
  nextTrafficSecret,
  verifyData13,
} from '../../src/handshake/key-schedule-13.ts';
import { RETRY_RANDOM } from '../../src/handshake/server-hello-13.ts';
import { nobleCrypto } from '../../src/noble/crypto-provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');

/** RFC 8448 3. The schedule is that of TLS but for the prefix of its labels. */
const TLS = 'tls13 ';
const shared = bytes('8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d');
const throughServerHello = bytes('860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8');
const throughFinished = bytes('9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13');

test.each([nodeCrypto, nobleCrypto])('the secrets of RFC 8448 3', (crypto) => {
  const { handshake, application } = handshakeSecrets(crypto, 'sha256', { shared }, throughServerHello, TLS);
  expect(hex(handshake.client)).toBe('b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21');
  expect(hex(handshake.server)).toBe('b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38');
  const { client, server } = application(throughFinished);
  expect(hex(client)).toBe('9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5');
  expect(hex(server)).toBe('a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643');
});

test('the keys, and the verify_data of the client, of RFC 8448 3', () => {
  const { handshake } = handshakeSecrets(nodeCrypto, 'sha256', { shared }, throughServerHello, TLS);
  const expand = (label: string, length: number) =>
    hex(hkdfExpandLabel(nodeCrypto, 'sha256', handshake.server, label, length, undefined, TLS));
  expect(expand('key', 16)).toBe('3fce516009c21727d0f2e4e86ee403bc');
  expect(expand('iv', 12)).toBe('5d313eb2671276ee13000b30');
  expect(hex(verifyData13(nodeCrypto, 'sha256', handshake.client, throughFinished, TLS))).toBe(
    'a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61',
  );
});

test('the secrets of RFC 8448 4, with a shared key', () => {
  const psk = bytes('4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3');
  const both = { psk, shared: bytes('f44194756ff9ec9d25180635d66ea6824c6ab3bf179977be37f723570e7ccb2e') };
  const through = bytes('f736cb34fe25e701551bee6fd24c1cc7102a7daf9405cb15d97aafe16f757d03');
  const { handshake } = handshakeSecrets(nodeCrypto, 'sha256', both, through, TLS);
  expect(hex(handshake.client)).toBe('2faac08f851d35fea3604fcb4de82dc62c9b164a70974d0462e27f1ab278700f');
  expect(hex(handshake.server)).toBe('fe927ae271312e8bf0275b581c54eef020450dc4ecffaa05a1a35d27518e7803');
});

test('what is the same in all handshakes is computed once, and is not mixed up', () => {
  let count = 0;
  const counting = {
    hash: (...input: Parameters<typeof nodeCrypto.hash>) => {
      count += 1;
      return nodeCrypto.hash(...input);
    },
    hmac: (...input: Parameters<typeof nodeCrypto.hmac>) => {
      count += 1;
      return nodeCrypto.hmac(...input);
    },
  };
  const secrets = (psk?: Uint8Array, prefix?: string) => {
    count = 0;
    const { handshake } = handshakeSecrets(counting, 'sha256', { psk, shared }, throughServerHello, prefix);
    const fresh = handshakeSecrets({ ...nodeCrypto }, 'sha256', { psk, shared }, throughServerHello, prefix);
    expect(handshake).toEqual(fresh.handshake);
    return count;
  };
  expect(secrets()).toBe(8); // the hash of nothing, two HMACs for the early secret, five for what follows
  expect(secrets()).toBe(5);
  expect(secrets(shared)).toBe(7);
  expect(secrets(undefined, TLS)).toBe(7);
  expect(secrets()).toBe(5);
});

test('RFC 9147 5.9: with the prefix of DTLS all of them are others', () => {
  const ours = handshakeSecrets(nodeCrypto, 'sha256', { shared }, throughServerHello);
  const theirs = handshakeSecrets(nodeCrypto, 'sha256', { shared }, throughServerHello, TLS);
  expect(ours.handshake.client).not.toEqual(theirs.handshake.client);
  expect(ours.handshake.server).not.toEqual(ours.handshake.client);
  expect(nextTrafficSecret(nodeCrypto, 'sha256', shared)).not.toEqual(shared);
  expect(handshakeSecrets(nodeCrypto, 'sha384', { shared }, throughServerHello).handshake.client).toHaveLength(48);
});

test('RFC 8446 4.1.3: the random of a HelloRetryRequest is the hash of that name', () => {
  expect(nodeCrypto.hash('sha256', new TextEncoder().encode('HelloRetryRequest'))).toEqual(RETRY_RANDOM);
});

test('lines of the key log', () => {
  const secrets = { client: Uint8Array.of(1), server: Uint8Array.of(2) };
  expect(keyLogLines13('TRAFFIC_SECRET_0', Uint8Array.of(255), secrets)).toEqual([
    'CLIENT_TRAFFIC_SECRET_0 ff 01',
    'SERVER_TRAFFIC_SECRET_0 ff 02',
  ]);
});
