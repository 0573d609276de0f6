import { constructedContext, element, objectIdentifier, octetString, sequence, unsignedInteger } from './der-writer.ts';
import { CertificateError } from './errors.ts';

interface PemBlock {
  readonly label: string;
  readonly body: string;
}

/** All certificates (DER) of a PEM text (RFC 7468 5), in its order. Throws `CertificateError` when there is none. */
export function readPemCertificates(text: string): Uint8Array[] {
  const certificates = blocks(text)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(decode);
  if (certificates.length === 0) {
    throw new CertificateError('malformed', 'no certificate in the PEM text: a BEGIN CERTIFICATE block is needed');
  }
  return certificates;
}

/**
 * The first private key of a PEM text as PKCS#8 (DER): a `PRIVATE KEY` block (RFC 7468 10), an `EC PRIVATE KEY` block
 * (RFC 5915) on P-256 as `openssl ecparam -name prime256v1 -genkey` writes it, `EC PARAMETERS` before it or not, or an
 * `RSA PRIVATE KEY` block (PKCS#1, RFC 8017 A.1.2). Throws `CertificateError` for encrypted keys, for other keys in old
 * formats, and when there is none.
 */
export function readPemPrivateKey(text: string): Uint8Array {
  const block = blocks(text).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) {
    throw new CertificateError('malformed', 'no private key in the PEM text: a BEGIN PRIVATE KEY block is needed');
  }
  if (block.label === 'ENCRYPTED PRIVATE KEY' || block.body.includes('ENCRYPTED')) {
    throw new CertificateError(
      'unsupported-key',
      'the private key is encrypted: write it in the clear with `openssl pkey -in KEY -out PLAIN`',
    );
  }
  if (block.label === 'PRIVATE KEY') return decode(block);
  if (block.label === 'EC PRIVATE KEY') return pkcs8OfSec1(decode(block));
  if (block.label === 'RSA PRIVATE KEY') return pkcs8Of(RSA_ENCRYPTION, decode(block));
  throw new CertificateError(
    'unsupported-key',
    `the private key is a ${block.label}, but only P-256 (prime256v1), Ed25519 and RSA are supported: make one with ` +
      '`openssl ecparam -name prime256v1 -genkey -noout`',
  );
}

/** A PEM text of one block, lines of 64 characters (RFC 7468 2). */
export function writePem(label: 'CERTIFICATE' | 'PRIVATE KEY', der: Uint8Array): string {
  const base64 = btoa(Array.from(der, (byte) => String.fromCharCode(byte)).join(''));
  return `-----BEGIN ${label}-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
}

/** Text between blocks is for people (RFC 7468 2). */
function blocks(text: string): PemBlock[] {
  return Array.from(text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g), (match) => ({
    label: match[1]!,
    body: match[2]!,
  }));
}

function decode({ label, body }: PemBlock): Uint8Array {
  try {
    return Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
  } catch {
    throw new CertificateError('malformed', `the ${label} block of the PEM text is not base64`);
  }
}

/** RFC 5915 3 of a P-256 key up to its secret, and the curve as the parameters after it. */
const SEC1_VERSION_AND_LENGTH = [0x02, 0x01, 0x01, 0x04, 0x20];
const PRIME256V1 = objectIdentifier('1.2.840.10045.3.1.7');
const SEC1_PARAMETERS = constructedContext(0, PRIME256V1);
/** AlgorithmIdentifiers: RFC 5480 2.1.1; RFC 8017 A.1 with the NULL that it wants. */
const EC_ON_P256 = sequence(objectIdentifier('1.2.840.10045.2.1'), PRIME256V1);
const RSA_ENCRYPTION = sequence(objectIdentifier('1.2.840.113549.1.1.1'), element(0x05));
const SECRET_AT = 2 + SEC1_VERSION_AND_LENGTH.length;

/** ECPrivateKey -> PrivateKeyInfo. The key's own curve parameters decide, not `EC PARAMETERS`. */
function pkcs8OfSec1(sec1: Uint8Array): Uint8Array {
  const parametersAt = SECRET_AT + 32;
  const isP256 =
    startsWith(sec1, [0x30, sec1.length - 2, ...SEC1_VERSION_AND_LENGTH], 0) &&
    startsWith(sec1, SEC1_PARAMETERS, parametersAt);
  if (!isP256) {
    throw new CertificateError(
      'unsupported-key',
      'the EC PRIVATE KEY names another curve than P-256 (prime256v1): make one with ' +
        '`openssl ecparam -name prime256v1 -genkey -noout`',
    );
  }
  const secret = sec1.subarray(SECRET_AT, parametersAt);
  const publicKey = sec1.subarray(parametersAt + SEC1_PARAMETERS.length);
  // RFC 5958 2: the algorithm names the curve, so the key inside need not.
  return pkcs8Of(EC_ON_P256, sequence(Uint8Array.from(SEC1_VERSION_AND_LENGTH), secret, publicKey));
}

/** PrivateKeyInfo (RFC 5208 5). */
function pkcs8Of(algorithm: Uint8Array, privateKey: Uint8Array): Uint8Array {
  return sequence(unsignedInteger(Uint8Array.of(0)), algorithm, octetString(privateKey));
}

function startsWith(bytes: Uint8Array, prefix: ArrayLike<number>, at: number): boolean {
  return Array.from(prefix).every((byte, index) => bytes[at + index] === byte);
}
