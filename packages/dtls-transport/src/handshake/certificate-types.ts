import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';

/** How a peer shows its key: by a certificate, or as it is (RFC 7250). */
export type CertificateTypeName = 'x509' | 'raw-public-key';

/** IANA TLS Certificate Types. */
const NUMBERS: Readonly<Record<CertificateTypeName, number>> = { x509: 0, 'raw-public-key': 2 };

/** RFC 7250 3: without the extension only X.509 is meant. */
export const DEFAULT_CERTIFICATE_TYPES: readonly CertificateTypeName[] = ['x509'];

/** The client's list, the best first: `undefined` when there is nothing to say beyond X.509. */
export function writeCertificateTypes(types: readonly CertificateTypeName[]): Uint8Array | undefined {
  if (!types.includes('raw-public-key')) return undefined;
  return new ByteWriter().vector8(Uint8Array.from(types, (type) => NUMBERS[type])).bytes();
}

/** Which of the two sides an extension is about. */
export type CertificateTypeExtension = 'serverCertificateType' | 'clientCertificateType';

/** What a client takes of a server, or can show itself, as far as we know it. Throws `DtlsMalformedError`. */
export function readCertificateTypes(
  extensions: Extensions,
  about: CertificateTypeExtension,
): readonly CertificateTypeName[] {
  const bytes = extensions.get(EXTENSION[about]);
  if (bytes === undefined) return DEFAULT_CERTIFICATE_TYPES;
  const reader = new ByteReader(bytes, 'certificate types');
  const list = [...reader.vector8(1)];
  reader.end();
  return list.flatMap((number) => typeNumbered(number) ?? []);
}

/** The one type in an answer. */
export function writeCertificateType(type: CertificateTypeName): Uint8Array {
  return Uint8Array.of(NUMBERS[type]);
}

/** The type that a server has chosen of `offered` (RFC 7250 4.2). Throws `DtlsPeerError`. */
export function chosenCertificateType(
  extensions: Extensions,
  about: CertificateTypeExtension,
  offered: readonly CertificateTypeName[],
): CertificateTypeName {
  const bytes = extensions.get(EXTENSION[about]);
  const type = bytes === undefined ? 'x509' : bytes.length === 1 ? typeNumbered(bytes[0]!) : undefined;
  if (type !== undefined && offered.includes(type)) return type;
  throw new DtlsPeerError(
    'unsupported-certificate-type',
    ALERT.unsupported_certificate,
    'the server wants keys to be shown in a way that was not offered',
  );
}

function typeNumbered(number: number): CertificateTypeName | undefined {
  return number === NUMBERS.x509 ? 'x509' : number === NUMBERS['raw-public-key'] ? 'raw-public-key' : undefined;
}
