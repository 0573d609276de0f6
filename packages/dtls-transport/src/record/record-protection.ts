import { AEAD_PARAMETERS, NONCE_LENGTH } from '../crypto/aead-parameters.ts';
import type { Aead, AeadName } from '../crypto/provider.ts';
import { concatBytes } from '../wire/bytes.ts';
import { DTLS_1_2, RECORD_HEADER_LENGTH, writeEpochAndSequence } from '../wire/record.ts';

/** Seals and opens the fragments of one epoch and direction. */
export interface RecordProtection {
  /** Bytes that a sealed fragment is longer than its plaintext. */
  readonly overhead: number;
  /** Records that may be sealed. */
  readonly maxSealed: number;
  /** Records that may fail to open. */
  readonly maxForgeries: number;
  /** Writes the sealed fragment to `out` at `at`; returns its length. With a connection id it is that of a tls12_cid record. */
  seal(
    type: number,
    epoch: number,
    sequence: number,
    plaintext: Uint8Array,
    out: Uint8Array,
    at: number,
    id?: Uint8Array,
  ): number;
  /** The plaintext, or `undefined` when the fragment does not authenticate. Never throws. */
  open(type: number, epoch: number, sequence: number, fragment: Uint8Array, id?: Uint8Array): Uint8Array | undefined;
}

/** How TLS 1.2 makes the nonce of an AEAD. */
interface NonceForm {
  /** Bytes of the IV from the key block. */
  readonly ivLength: number;
  /** Bytes of the nonce that travel with the record. */
  readonly explicitLength: number;
}

/** GCM (RFC 5288 3) and CCM (RFC 6655 3): 4 bytes from the key block, 8 with the record. */
const EXPLICIT: NonceForm = { ivLength: 4, explicitLength: 8 };

/** RFC 7905 2: 12 bytes from the key block, none with the record. */
const IMPLICIT: NonceForm = { ivLength: NONCE_LENGTH, explicitLength: 0 };

function nonceForm(name: AeadName): NonceForm {
  return name === 'chacha20-poly1305' ? IMPLICIT : EXPLICIT;
}

/** Bytes of the IV that the key block gives to each direction (RFC 5246 6.3). */
export function ivLength(name: AeadName): number {
  return nonceForm(name).ivLength;
}

/** Bytes that an AEAD adds to a fragment: the explicit nonce and the tag. */
export function protectionOverhead(name: AeadName): number {
  return nonceForm(name).explicitLength + AEAD_PARAMETERS[name].tagLength;
}

/** The protection of TLS 1.2 with an AEAD (RFC 5246 6.2.3.3). `iv` has `ivLength(name)` bytes. */
export function recordProtection(name: AeadName, aead: Aead, iv: Uint8Array): RecordProtection {
  const { explicitLength } = nonceForm(name);
  const { maxSealed, maxForgeries } = AEAD_PARAMETERS[name];
  const overhead = protectionOverhead(name);
  const nonce = new Uint8Array(NONCE_LENGTH);
  nonce.set(iv);
  const additionalData = new Uint8Array(RECORD_HEADER_LENGTH);
  /** The 64-bit number of the record, where the nonce's last 8 bytes are. */
  const tail = NONCE_LENGTH - 8;

  /** Sets the nonce, and returns the additional data of a record with a connection id, or of one without. */
  function setRecord(type: number, epoch: number, sequence: number, length: number, id: Uint8Array): Uint8Array {
    setPlainRecord(type, epoch, sequence, length);
    return id.length === 0 ? additionalData : withId(additionalData, id);
  }

  /** Sets nonce and additional data: seq_num, type, version and the length of the plaintext. */
  function setPlainRecord(type: number, epoch: number, sequence: number, length: number): void {
    writeEpochAndSequence(additionalData, 0, epoch, sequence);
    additionalData[8] = type;
    additionalData[9] = DTLS_1_2 >> 8;
    additionalData[10] = DTLS_1_2 & 0xff;
    additionalData[11] = length >> 8;
    additionalData[12] = length;
    if (explicitLength > 0) {
      // What travels is epoch and sequence number, which the record layer never repeats.
      nonce.set(additionalData.subarray(0, 8), tail);
    } else {
      for (let at = 0; at < 8; at++) nonce[tail + at] = iv[tail + at]! ^ additionalData[at]!;
    }
  }

  return {
    overhead,
    maxSealed,
    maxForgeries,
    seal(type, epoch, sequence, plaintext, out, at, id = NO_ID) {
      const aad = setRecord(type, epoch, sequence, plaintext.length, id);
      if (explicitLength > 0) out.set(nonce.subarray(tail), at);
      return explicitLength + aead.seal(nonce, aad, plaintext, out, at + explicitLength);
    },
    open(type, epoch, sequence, fragment, id = NO_ID) {
      const length = fragment.length - overhead;
      if (length < 0) return undefined;
      const aad = setRecord(type, epoch, sequence, length, id);
      // Of the peer we take what stands there: it may count its explicit nonces as it likes.
      if (explicitLength > 0) nonce.set(fragment.subarray(0, explicitLength), tail);
      return aead.open(nonce, aad, fragment.subarray(explicitLength));
    },
  };
}

const NO_ID = new Uint8Array(0);

/**
 * RFC 9146 5.3: the additional data of a tls12_cid record, from what it would be without an id. Eight bytes of 0xff stand where the
 * number does in other records, so that neither can be taken for the other.
 */
function withId(plain: Uint8Array, id: Uint8Array): Uint8Array {
  const [number, type, version, length] = [plain.subarray(0, 8), plain[8]!, plain.subarray(9, 11), plain.subarray(11)];
  return concatBytes([PLACEHOLDER, Uint8Array.of(type, id.length, type), version, number, id, length]);
}

const PLACEHOLDER = new Uint8Array(8).fill(0xff);
