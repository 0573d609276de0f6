import { deflateSync, inflateSync } from 'node:zlib';
import type { CertificateCompression } from '../handshake/certificate-packer.ts';
import { plainBytes } from './bytes.ts';

/** `certificateCompression` for the engines, on Node's zlib. */
export const zlibCompression: CertificateCompression = {
  compress: (data) => plainBytes(deflateSync(data, { level: 9 })),
  decompress(data, maxLength) {
    try {
      return plainBytes(inflateSync(data, { maxOutputLength: Math.max(1, maxLength) }));
    } catch {
      return undefined;
    }
  },
};
