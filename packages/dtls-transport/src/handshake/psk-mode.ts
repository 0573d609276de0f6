import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';

/** How a shared key makes keys in DTLS 1.3 (RFC 8446 4.2.9): with ECDHE beside it, or alone, and then without forward secrecy. */
export type PskMode = 'psk_dhe_ke' | 'psk_ke';

const NUMBERS: Readonly<Record<PskMode, number>> = { psk_ke: 0, psk_dhe_ke: 1 };

/** psk_key_exchange_modes of a ClientHello. */
export function writePskModes(modes: readonly PskMode[]): Uint8Array {
  return new ByteWriter().vector8(Uint8Array.from(modes, (mode) => NUMBERS[mode])).bytes();
}

/** Those that we know. Throws `DtlsMalformedError`. */
export function readPskModes(bytes: Uint8Array): readonly PskMode[] {
  const reader = new ByteReader(bytes, 'psk_key_exchange_modes');
  const numbers = reader.vector8(1);
  reader.end();
  return (['psk_dhe_ke', 'psk_ke'] as const).filter((mode) => numbers.includes(NUMBERS[mode]));
}
