import { ensureProgram } from '@lb-matrix/interop/install';
import { findChromium } from './chromium.ts';

/** The name of the browser, installed where that can be done; `undefined` where it cannot. */
export function installedChromium(): string | undefined {
  try {
    if (findChromium() === undefined) ensureProgram('chromium', 'chromium');
  } catch {
    // Neither there nor to be had: whoever asks says so.
  }
  return findChromium();
}
