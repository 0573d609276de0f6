import { CertificateError } from '../x509/errors.ts';

/** A private key that signs with noble: 32 bytes. */
export interface RawPrivateKey {
  readonly kind: 'p256' | 'ed25519';
  readonly secret: Uint8Array;
}

const TAG = { integer: 0x02, octetString: 0x04, sequence: 0x30 } as const;

/** AlgorithmIdentifiers without their outer header: id-ecPublicKey on prime256v1 (RFC 5480 2.1.1), id-Ed25519 (RFC 8410 3). */
const P256 = '06072a8648ce3d020106082a8648ce3d030107';
const ED25519 = '06032b6570';

const SECRET_LENGTH = 32;

/**
 * The secret in a PKCS#8 key (DER; PrivateKeyInfo of RFC 5208 5, OneAsymmetricKey of RFC 5958 2). A public key or attributes
 * after it are passed over: the public key is computed. Throws `CertificateError`: `malformed`, or `unsupported-key` for
 * what is neither P-256 nor Ed25519.
 */
export function readPkcs8(pkcs8: Uint8Array): RawPrivateKey {
  const outer = new DerReader(pkcs8);
  const fields = new DerReader(outer.take(TAG.sequence));
  outer.end();
  fields.take(TAG.integer);
  const algorithm = hex(fields.take(TAG.sequence));
  const inner = new DerReader(fields.take(TAG.octetString));
  switch (algorithm) {
    case P256:
      return { kind: 'p256', secret: secretOfSec1(inner) };
    case ED25519:
      // RFC 8410 7: an OCTET STRING in the OCTET STRING.
      return { kind: 'ed25519', secret: checkSecret(inner.take(TAG.octetString)) };
    default:
      throw new CertificateError(
        'unsupported-key',
        'the private key is of a kind that this provider cannot sign with: it takes P-256 (prime256v1) and Ed25519',
      );
  }
}

/** ECPrivateKey (RFC 5915 3): version, secret, and what may follow. */
function secretOfSec1(reader: DerReader): Uint8Array {
  const fields = new DerReader(reader.take(TAG.sequence));
  fields.take(TAG.integer);
  return checkSecret(fields.take(TAG.octetString));
}

function checkSecret(secret: Uint8Array): Uint8Array {
  if (secret.length !== SECRET_LENGTH) malformed();
  return secret.slice();
}

/** Reads DER elements one after the other. */
class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The contents of the next element, which must have this tag. */
  take(tag: number): Uint8Array {
    if (this.#bytes[this.#at] !== tag) malformed();
    this.#at += 1;
    const length = this.#length();
    if (length > this.#bytes.length - this.#at) malformed();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) malformed();
  }

  /** X.690 8.1.3: one byte below 128, else so many bytes as the low bits say; two are enough for any key. */
  #length(): number {
    const first = this.#bytes[this.#at++] ?? malformed();
    if (first < 0x80) return first;
    if (first > 0x82) malformed();
    let length = 0;
    for (let left = first & 0x7f; left > 0; left--) length = (length << 8) | (this.#bytes[this.#at++] ?? malformed());
    return length;
  }
}

function malformed(): never {
  throw new CertificateError('malformed', 'not a private key in PKCS#8 (DER)');
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
