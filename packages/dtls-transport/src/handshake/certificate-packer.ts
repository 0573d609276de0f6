import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { writeCertificate13 } from '../wire/certificate-13.ts';
import {
  readCompressedCertificate,
  readCompressionAlgorithms,
  writeCompressedCertificate,
  writeCompressionAlgorithms,
  ZLIB,
} from '../wire/compressed-certificate.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';

/** zlib (RFC 1950), with which certificates take fewer bytes in DTLS 1.3 (RFC 8879). */
export interface CertificateCompression {
  compress(data: Uint8Array): Uint8Array;
  /**
   * What was compressed; `undefined` when `data` is not zlib, or holds more than `maxLength` bytes. It must stop there: a few bytes can
   * hold gigabytes. Never throws.
   */
  decompress(data: Uint8Array, maxLength: number): Uint8Array | undefined;
}

/** Packs our certificates, each once, and unpacks a peer's. */
export class CertificatePacker {
  readonly #compression: CertificateCompression;
  readonly #maxLength: number;
  /** By chain; `undefined` where it does not help. */
  readonly #packed = new WeakMap<readonly Uint8Array[], { readonly body: Uint8Array | undefined }>();

  /** `maxLength`: the longest Certificate that we take, in bytes, packed or not. */
  constructor(compression: CertificateCompression, maxLength: number) {
    this.#compression = compression;
    this.#maxLength = maxLength;
  }

  /** The body of a CompressedCertificate for certificates (DER); `undefined` when that is no shorter than Certificate. */
  pack(certificates: readonly Uint8Array[]): Uint8Array | undefined {
    const known = this.#packed.get(certificates);
    if (known !== undefined) return known.body;
    const plain = writeCertificate13(new Uint8Array(0), certificates);
    const data = this.#compression.compress(plain);
    const body = writeCompressedCertificate({ algorithm: ZLIB, length: plain.length, data });
    const entry = { body: body.length < plain.length ? body : undefined };
    this.#packed.set(certificates, entry);
    return entry.body;
  }

  /** The body of the Certificate in a CompressedCertificate. Throws `DtlsMalformedError` or `DtlsPeerError`. */
  unpack(body: Uint8Array): Uint8Array {
    const { algorithm, length, data } = readCompressedCertificate(body);
    if (algorithm !== ZLIB) {
      throw new DtlsPeerError('bad-certificate', ALERT.illegal_parameter, 'the certificate is packed as was not asked');
    }
    // RFC 8879 4, 5: nothing is unpacked that says it is too long, nor more than it says.
    const plain = length > this.#maxLength ? undefined : this.#compression.decompress(data, length);
    if (plain === undefined || plain.length !== length) {
      throw new DtlsPeerError('bad-certificate', ALERT.bad_certificate, 'the certificate cannot be unpacked');
    }
    return plain;
  }
}

/** Says in a ClientHello or a CertificateRequest that we can unpack. */
export const PACKING_EXTENSION: readonly [number, Uint8Array] = [
  EXTENSION.compressCertificate,
  writeCompressionAlgorithms([ZLIB]),
];

/** The peer can unpack. Throws `DtlsMalformedError`. */
export function takesPacked(extensions: Extensions): boolean {
  const bytes = extensions.get(EXTENSION.compressCertificate);
  return bytes !== undefined && readCompressionAlgorithms(bytes).includes(ZLIB);
}
