import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto';
import type { CryptoProvider, GroupName, KeyAgreement, RunningHash, SigningKey } from '../../src/crypto/provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { p256Agreement, x25519Agreement } from '../../src/node/key-agreement.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { seededBytes } from './deterministic-provider.ts';

/** Results by their input. What comes up when it is full is computed again each time. */
class Memory<T> {
  readonly #results = new Map<string, T>();

  get(name: string, input: readonly Uint8Array[], compute: () => T): T {
    let key = name;
    for (const bytes of input) {
      key += `,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')}`;
    }
    const known = this.#results.get(key);
    if (known !== undefined) return known;
    const result = compute();
    if (this.#results.size < 5_000) this.#results.set(key, result);
    return result;
  }
}

/** RFC 8410 7: what stands before the 32 bytes of a private key. */
const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

const hashes = new Memory<Uint8Array>();
const verifications = new Memory<boolean>();
const agreements = new Map<string, KeyAgreement>();

/**
 * A provider for thousands of handshakes that are to be the same: the n-th key agreement of each is the same, and what was
 * computed once is remembered. Else it is `nodeCrypto`.
 */
export function repeatableCrypto(): CryptoProvider {
  let count = 0;
  const { hash, hmac, verify } = nodeCrypto;
  return {
    ...nodeCrypto,
    hash: (name, data) => hashes.get(name, [data], () => hash(name, data)),
    runningHash: (name) => repeatableHash((data) => hashes.get(name, [data], () => hash(name, data))),
    hmac: (name, key, data) => hashes.get(`hmac ${name}`, [key, data], () => hmac(name, key, data)),
    generateKeyAgreement: (group) => numberedKeyAgreement(group, count++),
    verify: (scheme, spki, data, signature) =>
      verifications.get(scheme, [spki, data, signature], () => verify(scheme, spki, data, signature)),
  };
}

/** A private key (PKCS#8, DER) whose signature of the same data is the same. */
export function repeatableKey(pkcs8: Uint8Array): SigningKey {
  const key = nodeCrypto.importSigningKey(pkcs8);
  const signatures = new Memory<Uint8Array>();
  return { ...key, sign: (scheme, data) => signatures.get(scheme, [data], () => key.sign(scheme, data)) };
}

function repeatableHash(hash: (data: Uint8Array) => Uint8Array): RunningHash {
  const pieces: Uint8Array[] = [];
  return { update: (data) => void pieces.push(data.slice()), digest: () => hash(concatBytes(pieces)) };
}

function numberedKeyAgreement(group: GroupName, number: number): KeyAgreement {
  const name = `${group} ${number}`;
  const known = agreements.get(name);
  if (known !== undefined) return known;
  const own = keyAgreement(group, seededBytes(name)(32));
  const secrets = new Memory<Uint8Array | undefined>();
  const repeatable: KeyAgreement = { ...own, agree: (peer) => secrets.get(group, [peer], () => own.agree(peer)) };
  agreements.set(name, repeatable);
  return repeatable;
}

function keyAgreement(group: GroupName, secret: Uint8Array): KeyAgreement {
  if (group === 'x25519') {
    const key = Buffer.concat([X25519_PKCS8, secret]);
    const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    return x25519Agreement(privateKey, createPublicKey(privateKey).export({ format: 'jwk' }));
  }
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(secret);
  return p256Agreement(ecdh);
}
