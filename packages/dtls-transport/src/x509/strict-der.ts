import { AsnConvert } from '@peculiar/asn1-schema';
import { CertificateError } from './errors.ts';

/**
 * Parses DER as `schema` says and writes it again: unless that gives the same bytes, the parser has overlooked or bent
 * something (trailing bytes, BER, odd times, unknown fields), and `CertificateError` (`malformed`) is thrown. The parser
 * itself is bounded in depth (100) and in elements (10,000).
 */
export function readDer<T extends object>(der: Uint8Array, schema: new () => T, what: string): T {
  let value: T;
  let again: Uint8Array;
  try {
    value = AsnConvert.parse(der, schema);
    again = new Uint8Array(AsnConvert.serialize(value));
  } catch {
    throw new CertificateError('malformed', `the ${what} is not DER, or not what it should be`);
  }
  if (again.length !== der.length || !again.every((byte, index) => byte === der[index])) {
    throw new CertificateError('malformed', `the ${what} is not strict DER`);
  }
  return value;
}
