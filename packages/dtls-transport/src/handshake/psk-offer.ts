import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { type OfferedPsks, readOfferedPsks } from '../wire/pre-shared-key.ts';
import { type PskMode, readPskModes } from './psk-mode.ts';

/** What a client offers about keys that it shares with us, and the mode that we take. */
export interface PskOffer extends OfferedPsks {
  readonly mode: PskMode;
}

/** `undefined` when there is no mode in common. Throws `DtlsMalformedError` or `DtlsPeerError`. */
export function readPskOffer(extensions: Extensions, ours: readonly PskMode[]): PskOffer | undefined {
  const bytes = extensions.get(EXTENSION.preSharedKey);
  if (bytes === undefined) return undefined;
  // RFC 8446 4.2.11: the binders cover all of the ClientHello but themselves, because nothing follows them.
  if ([...extensions.keys()].at(-1) !== EXTENSION.preSharedKey) {
    throw new DtlsPeerError('bad-extension', ALERT.illegal_parameter, 'pre_shared_key is not the last extension');
  }
  const modeBytes = extensions.get(EXTENSION.pskKeyExchangeModes);
  // RFC 8446 4.2.9
  if (modeBytes === undefined) {
    throw new DtlsPeerError(
      'bad-extension',
      ALERT.missing_extension,
      'pre_shared_key comes without psk_key_exchange_modes',
    );
  }
  const theirs = readPskModes(modeBytes);
  const mode = ours.find((one) => theirs.includes(one));
  const offered = readOfferedPsks(bytes);
  return mode && { ...offered, mode };
}
