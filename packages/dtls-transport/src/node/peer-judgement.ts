import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { isPinned, publicKeyPin } from '../crypto/public-key-pin.ts';
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
  /** In place of everything else. */
  readonly pins?: readonly string[] | undefined;
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
  const { purpose, serverName, roots, pins, dangerouslySkipVerification } = options;
  try {
    if (pins !== undefined) return judgeKey(publicKeyOf(chain[0]!), pins);
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

/** Judges a peer by its public key (SubjectPublicKeyInfo, DER) alone. */
export function judgeKey(spki: Uint8Array, pins: readonly string[] = []): Judgement {
  if (isPinned(spki, pins, nodeCrypto)) return { spki };
  const message = `the public key has the pin ${publicKeyPin(spki, nodeCrypto)}, and not ${pins.join(' or ')}`;
  return { error: new CertificateError('pin-mismatch', message), alert: ALERT.bad_certificate };
}

function publicKeyOf(certificate: Uint8Array): Uint8Array {
  try {
    return plainBytes(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }));
  } catch {
    throw new CertificateError('malformed', 'the certificate is not X.509 in DER');
  }
}
