import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Chromium, startChromium } from '../src/chromium.ts';
import { installedChromium } from '../src/installed-chromium.ts';

const PAGE = fileURLToPath(new URL('../src/page/handshakes.ts', import.meta.url));

/** The page's script, which leaves its exports in the variable `dtls`. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@lb-matrix/source', 'browser', 'import', 'default'] },
    build: { write: false, minify: false, lib: { entry: PAGE, formats: ['iife'], name: 'dtls' } },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (output === undefined || !('output' in output)) throw new Error('no bundle');
  return output.output[0].code;
}

const program = installedChromium();
const skipped = program === undefined ? ' (skipped: there is no Chromium, and it cannot be installed here)' : '';

describe.skipIf(program === undefined)(`the noble provider in Chromium${skipped}`, () => {
  let browser: Chromium;
  beforeAll(async () => {
    browser = await startChromium(program!);
    await browser.evaluate(`${await bundle()}\n;globalThis.dtls = dtls; undefined`);
  });
  afterAll(() => browser?.close());

  it.each([
    ['1.3', 'TLS_AES_128_GCM_SHA256'],
    ['1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
    ['1.2', 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'],
    ['1.2', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM'],
  ])('shakes hands with itself in DTLS %s, %s', async (version, suite) => {
    expect(await browser.evaluate(`dtls.shakeHands('${version}', '${suite}')`)).toEqual({
      version: `DTLS ${version}`,
      cipherSuite: suite,
      group: 'x25519',
      echo: 'hello from a page',
    });
    expect(browser.complaints).toEqual([]);
  });
});
