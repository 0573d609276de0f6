import { AEAD_PARAMETERS, NONCE_LENGTH } from '../crypto/aead-parameters.ts';
import { hkdfExpandLabel } from '../crypto/hkdf-label.ts';
import type { Aead, AeadName, CryptoProvider, HashName } from '../crypto/provider.ts';
import type { RecordNumberMask } from '../crypto/record-number-mask.ts';

/** What protects the records of one epoch and direction in DTLS 1.3. */
export interface RecordKeys13 {
  readonly name: AeadName;
  readonly aead: Aead;
  readonly mask: RecordNumberMask;
  /** The nonce of a record (RFC 8446 5.3): valid until the next call, of whichever keys. */
  nonce(sequence: number): Uint8Array;
}

/** One for all keys: it is used at once, and each key would hold one as long as it lives. */
const nonce = new Uint8Array(NONCE_LENGTH);

/** The keys that come of a traffic secret (RFC 8446 7.3; "sn" is of RFC 9147 4.2.3). */
export function recordKeys13(
  crypto: CryptoProvider,
  { aead: name, hash }: { readonly aead: AeadName; readonly hash: HashName },
  secret: Uint8Array,
): RecordKeys13 {
  const { keyLength } = AEAD_PARAMETERS[name];
  const iv = hkdfExpandLabel(crypto, hash, secret, 'iv', NONCE_LENGTH);
  return {
    name,
    aead: crypto.aead(name, hkdfExpandLabel(crypto, hash, secret, 'key', keyLength)),
    mask: crypto.recordNumberMask(name, hkdfExpandLabel(crypto, hash, secret, 'sn', keyLength)),
    nonce(sequence) {
      // RFC 9147 4: 64 bits of record number, the epoch is not among them. Of these 48 can be other than zero.
      nonce.set(iv);
      let rest = sequence;
      for (let at = NONCE_LENGTH - 1; at >= NONCE_LENGTH - 6; at--) {
        nonce[at] = iv[at]! ^ (rest & 0xff);
        rest = Math.floor(rest / 0x100);
      }
      return nonce;
    },
  };
}
