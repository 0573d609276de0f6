import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { ALERT } from '../wire/alert.ts';
import { CertificateError, type CertificateErrorReason } from '../x509/errors.ts';
import { readPemCertificates } from '../x509/pem.ts';
import type { VerifyPeerOptions } from '../x509/verify-peer.ts';
import { plainBytes } from './bytes.ts';
import { nodeCrypto } from './crypto-provider.ts';

/** As what a peer is to be judged: a server has the name, a client comes without. */
export interface JudgeOptions extends Pick<VerifyPeerOptions, 'purpose' | 'serverName'> {
  /** Default: the roots that Node ships. */
  readonly roots: readonly Uint8Array[] | undefined;
  readonly dangerouslySkipVerification: boolean;
}

/** The key of a right peer, or why it is not a right one. */
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

/** What Node ships, read when it is needed for the first time. */
function shippedRoots(): readonly Uint8Array[] {
  nodeRoots ??= readPemCertificates(rootCertificates.join('\n'));
  return nodeRoots;
}

/** What reads certificates takes a while to load and is needed for nothing else. */
const loadVerifier = () => import('../x509/verify-peer.ts');

/** Begins to load what `judgePeer` will need, while the network is awaited. */
export async function prepareJudgement(): Promise<void> {
  await loadVerifier();
}

/** Judges a peer by its chain (DER). */
export async function judgePeer(chain: readonly Uint8Array[], options: JudgeOptions): Promise<Judgement> {
  const { purpose, serverName, roots, dangerouslySkipVerification } = options;
  try {
    if (dangerouslySkipVerification) return { spki: publicKeyOf(chain[0]!) };
    const { verifyPeer } = await loadVerifier();
    return verifyPeer(chain, {
      roots: roots ?? shippedRoots(),
      serverName,
      purpose,
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
    throw new CertificateError('malformed', 'the certificate is not X.509 in DER');
  }
}
