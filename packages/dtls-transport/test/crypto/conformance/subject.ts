import type { CryptoProvider, GroupName, KeyAgreement } from '../../../src/crypto/provider.ts';
import type { WycheproofTest } from '../../support/wycheproof.ts';

/** What a provider's test file hands in. */
export interface ConformanceSubject {
  readonly name: string;
  readonly crypto: CryptoProvider;
  /** Key agreement with a fixed private key of 32 bytes, which the public interface has no use for. */
  agreementFrom(group: GroupName, privateKey: Uint8Array): KeyAgreement;
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex');
export const label = ({ tcId, comment, flags }: WycheproofTest): string => `tcId ${tcId} ${comment} [${flags}]`;
