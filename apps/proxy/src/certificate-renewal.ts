import { watchCertificateFiles } from './certificate-watch.ts';
import { validityRemarks } from './choose-certificate.ts';
import { type CertificateFiles, loadCertificate, type ServerCertificate } from './server-certificate.ts';

/** What a renewal works on. */
export interface CertificateRenewalOptions {
  readonly files: CertificateFiles;
  /** What is in use. */
  readonly current: ServerCertificate;
  /** Puts a certificate to use for what connects from now on. */
  readonly use: (certificate: ServerCertificate) => void;
  readonly log: Record<'info' | 'warn' | 'error', (text: string) => void>;
}

/** Keeps the certificate in use that its files have. */
export interface CertificateRenewal {
  /** Reads the files now, and says in the log what came of it. */
  readonly reload: () => void;
  readonly stop: () => void;
}

/**
 * Puts a new certificate to use when its files change, and says so in the log. Files that do not do are reported, and the
 * certificate that is in use stays.
 */
export function renewCertificate({ files, current, use, log }: CertificateRenewalOptions): CertificateRenewal {
  let inUse = current;
  let reported: string | undefined;

  const read = (asked: boolean): void => {
    let next: ServerCertificate;
    try {
      next = loadCertificate(files);
    } catch (error) {
      const text = `The certificate that is in use stays, the files cannot be used: ${(error as Error).message}`;
      // A folder in which other things happen is no reason to say it again.
      if (asked || text !== reported) log.error(text);
      reported = text;
      return;
    }
    reported = undefined;
    if (next.chainPem === inUse.chainPem && next.keyPem === inUse.keyPem) {
      if (asked) log.info(`The certificate in ${files.certificate} has not changed`);
      return;
    }
    use(next);
    inUse = next;
    log.info(`Using the new certificate in ${files.certificate}, valid until ${next.x509.validTo}`);
    for (const { level, text } of validityRemarks(files, next)) log[level](text);
  };

  const stop = watchCertificateFiles(files, {
    onChange: () => read(false),
    onError: (error, folder) =>
      log.warn(
        `Changes in ${folder} go unnoticed (${(error as Error).message}): send SIGHUP when the certificate is new`,
      ),
  });
  return { reload: () => read(true), stop };
}
