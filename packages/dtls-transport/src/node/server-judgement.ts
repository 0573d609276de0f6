import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { ALERT } from '../wire/alert.ts';
import { CertificateError, type CertificateErrorReason } from '../x509/errors.ts';
import { readPemCertificates } from '../x509/pem.ts';
import { plainBytes } from './bytes.ts';
import { nodeCrypto } from './crypto-provider.ts';

/** How a server is to be judged. */
export interface JudgeOptions {
  readonly serverName: string;
  readonly roots: readonly Uint8Array[] | undefined;
  readonly dangerouslySkipVerification: boolean;
}

/** The key of the right server, or why it is not the right one. */
export type Judgement = { readonly spki: Uint8Array } | { readonly error: CertificateError; readonly alert: number };

/** RFC 5246 7.2.2; what has no alert of its own is a bad certificate. */
const ALERTS: Partial<Record<CertificateErrorReason, number>> = {
  expired: ALERT.certificate_expired,
  'not-yet-valid': ALERT.certificate_expired,
  'unknown-issuer': ALERT.unknown_ca,
  'unsupported-key': ALERT.unsupported_certificate,
  'unsupported-signature-algorithm': ALERT.unsupported_certificate,
};

let nodeRoots: readonly Uint8Array[] | undefined;

/** What reads certificates takes a while to load and is needed for nothing else. */
const loadVerifier = () => import('../x509/verify-peer.ts');

/** Begins to load what `judgeServer` will need, while the network is awaited. */
export async function prepareJudgement(): Promise<void> {
  await loadVerifier();
}

/** Judges a server by its chain (DER). */
export async function judgeServer(chain: readonly Uint8Array[], options: JudgeOptions): Promise<Judgement> {
  const { serverName, roots, dangerouslySkipVerification } = options;
  try {
    if (dangerouslySkipVerification) return { spki: publicKeyOf(chain[0]!) };
    const { verifyPeer } = await loadVerifier();
    nodeRoots ??= readPemCertificates(rootCertificates.join('\n'));
    return verifyPeer(chain, {
      roots: roots ?? nodeRoots,
      serverName,
      purpose: 'serverAuth',
      at: Date.now(),
      crypto: nodeCrypto,
    });
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return { error, alert: ALERTS[error.reason] ?? ALERT.bad_certificate };
  }
}

function publicKeyOf(certificate: Uint8Array): Uint8Array {
  try {
    return plainBytes(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }));
  } catch {
    throw new CertificateError('malformed', "the server's certificate is not X.509 in DER");
  }
}
