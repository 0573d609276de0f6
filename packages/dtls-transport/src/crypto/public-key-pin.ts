import { DtlsRefusedError } from '../errors.ts';
import type { CryptoProvider } from './provider.ts';

/** 32 bytes in base64 (RFC 4648 4): the last character before the padding has 4 bits, so a pin is written in one way only. */
const PIN = /^sha256\/[A-Za-z\d+/]{42}[AEIMQUYcgkosw048]=$/;

/**
 * The pin of a public key (SubjectPublicKeyInfo, DER): `sha256/` and its SHA-256 in base64, as RFC 7469 2.4 takes the hash.
 * A pin is no secret.
 */
export function publicKeyPin(spki: Uint8Array, crypto: Pick<CryptoProvider, 'hash'>): string {
  return `sha256/${btoa(String.fromCharCode(...crypto.hash('sha256', spki)))}`;
}

/** Whether a text is a pin as `publicKeyPin` writes it. */
export function isPublicKeyPin(text: string): boolean {
  return PIN.test(text);
}

/** Whether a public key has one of the pins. */
export function isPinned(
  spki: Uint8Array,
  pins: readonly string[],
  crypto: Pick<CryptoProvider, 'hash' | 'timingSafeEqual'>,
): boolean {
  const utf8 = new TextEncoder();
  const own = utf8.encode(publicKeyPin(spki, crypto));
  return pins.some((pin) => crypto.timingSafeEqual(own, utf8.encode(pin)));
}

/** Throws `DtlsRefusedError` (`bad-option`): no pin at all would let nobody in, or everybody, and neither was meant. */
export function checkPins(pins: readonly string[]): void {
  if (pins.length === 0) throw new DtlsRefusedError('bad-option', 'pins needs at least one pin');
  const wrong = pins.find((pin) => !isPublicKeyPin(pin));
  if (wrong === undefined) return;
  throw new DtlsRefusedError('bad-option', `${wrong} is no pin: that is sha256/ and 32 bytes in base64`);
}
