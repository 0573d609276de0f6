import type { ProxySettings } from './command-line.ts';
import { certificateNames, keptCertificate, stateDirectory } from './kept-certificate.ts';
import { type CertificateFiles, loadCertificate, type ServerCertificate } from './server-certificate.ts';

/** A line for the log. */
export interface Remark {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

/**
 * The certificate that the command line names, or one of our own, and what is to be said about it.
 *
 * @throws CliError
 */
export function chooseCertificate(
  { certificateFiles, advertise }: Pick<ProxySettings, 'certificateFiles' | 'advertise'>,
  env: NodeJS.ProcessEnv,
): { certificate: ServerCertificate; remarks: Remark[] } {
  if (certificateFiles !== undefined) {
    const certificate = loadCertificate(certificateFiles);
    return { certificate, remarks: validityRemarks(certificateFiles, certificate) };
  }
  const names = certificateNames(advertise?.url.hostname);
  const { certificate, path, madeBecause, notKept } = keptCertificate(stateDirectory(env), names, Date.now());
  const remarks: Remark[] = [
    madeBecause === undefined
      ? { level: 'info', text: `Using the certificate in ${path}` }
      : { level: 'info', text: `Made a certificate of our own, kept in ${path} (${madeBecause})` },
  ];
  if (notKept !== undefined) {
    remarks[0] = { level: 'warn', text: `Made a certificate that cannot be kept: ${(notKept as Error).message}` };
  }
  return { certificate, remarks };
}

/** What is to be said about the time for which a certificate of the operator's is valid. */
export function validityRemarks(files: CertificateFiles, { x509: { validTo } }: ServerCertificate): Remark[] {
  if (Date.now() < Date.parse(validTo)) return [];
  const text = `The certificate in ${files.certificate} has expired (${validTo}): clients will refuse it`;
  return [{ level: 'warn', text }];
}
