import type { CertificateErrorReason } from '../../src/x509/errors.ts';
import type { Issued } from '../support/certificate-maker.ts';

/** A chain, whom to trust, and what must come of it. */
export interface PathCase {
  readonly name: string;
  /** As the peer sends it: its own certificate first. */
  readonly chain: readonly Issued[];
  readonly roots: readonly Issued[];
  readonly serverName?: string;
  readonly purpose?: 'serverAuth' | 'clientAuth';
  readonly at?: number;
  /** Absent: the chain is accepted. */
  readonly reason?: CertificateErrorReason;
  /** The number of OpenSSL's error where it refuses for another reason than we do. */
  readonly opensslError?: number;
  /** Why `openssl verify` decides otherwise. Absent: it decides the same. */
  readonly opensslDiffers?: string;
}
