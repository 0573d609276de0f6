import type { GroupName } from '../crypto/provider.ts';
import type { DtlsError } from '../errors.ts';
import type { CipherSuiteName } from '../handshake/cipher-suites.ts';

/** The versions that we speak. */
export type DtlsVersion = 'DTLS 1.3' | 'DTLS 1.2';

/** What a handshake has agreed on. */
export interface Agreed {
  readonly version: DtlsVersion;
  readonly cipherSuite: CipherSuiteName;
  /** The group of the key exchange; `undefined` where the keys come from a shared key alone. */
  readonly group: GroupName | undefined;
}

/** What a connection tells the engine that owns it. `data` is valid until the next `receive`. */
export type ConnectionEvent =
  | { readonly type: 'peerCertificate'; readonly chain: readonly Uint8Array[] }
  | { readonly type: 'peerRawKey'; readonly spki: Uint8Array }
  | { readonly type: 'pskIdentity'; readonly identity: Uint8Array }
  | ({ readonly type: 'connected' } & Agreed)
  | { readonly type: 'data'; readonly data: Uint8Array }
  | { readonly type: 'hint' }
  /** The peer receives at the address that it has moved to; or it has not answered there. Only after `moveTo`. */
  | { readonly type: 'pathValidated' }
  | { readonly type: 'pathFailed' }
  | { readonly type: 'closed'; readonly error: DtlsError | undefined };
