import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Chromium, startChromium } from '../src/chromium.ts';
import { type ClientProxy, startClientProxy } from '../src/client-proxy.ts';
import { installedChromium } from '../src/installed-chromium.ts';
import { startLbProxy } from '../src/lb-proxy.ts';

const SCREENSHOT = fileURLToPath(new URL('../../../docs/client-proxy-status.png', import.meta.url));
const WAIT = { timeout: 15_000, interval: 100 };

const program = installedChromium();
const skipped = program === undefined ? ' (skipped: there is no Chromium, and it cannot be installed here)' : '';

describe.skipIf(program === undefined)(`the status page in Chromium${skipped}`, () => {
  const closing: (() => Promise<unknown>)[] = [];
  let proxy: ClientProxy;
  let browser: Chromium;
  let homeserver: { readonly url: string };

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lb-client-proxy-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const demo = await startDemoHomeserver({ log: () => {} });
    closing.push(() => demo.close());
    homeserver = demo;
    const server = await startLbProxy(demo.url);
    closing.push(() => server.close());
    proxy = await startClientProxy({ homeserver: demo.url, ...server, folder });
    closing.push(() => proxy.close());
    browser = await startChromium(program!);
    closing.push(() => browser.close());
  });

  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  const shown = (id: string) => browser.evaluate(`document.getElementById('${id}').textContent`);

  /** Sends messages and syncs, as a client does; gives its token and user id. */
  async function use(): Promise<{ readonly token: string; readonly userId: string }> {
    const ask = async (method: string, path: string, body?: object, token?: string) => {
      const response = await fetch(`${proxy.url}/_matrix/client/v3${path}`, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return (await response.json()) as Readonly<Record<string, string>>;
    };
    const account = { username: 'alice', password: 'p', auth: { type: 'm.login.dummy' } };
    const { access_token: token = '', user_id: userId = '' } = await ask('POST', '/register', account);
    const { room_id: room = '' } = await ask('POST', '/createRoom', { name: 'Tea' }, token);
    let { next_batch: since = '' } = await ask('GET', '/sync?timeout=0', undefined, token);
    for (let n = 0; n < 25; n += 1) {
      const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/${n}`;
      await ask('PUT', path, { msgtype: 'm.text', body: `Cup ${n}` }, token);
      ({ next_batch: since = '' } = await ask('GET', `/sync?timeout=5000&since=${since}`, undefined, token));
    }
    return { token, userId };
  }

  it('follows what happens, offline and without a complaint', async () => {
    await browser.open(`${proxy.url}/_lb/`);
    await expect.poll(() => shown('state'), WAIT).toBe('Not connected yet');
    expect(await shown('sync')).toBe('none yet');
    const { token, userId } = await use();
    await expect.poll(() => shown('state'), WAIT).toBe('Connected over UDP');
    await expect.poll(() => shown('saved'), WAIT).toMatch(/^\d+\.\d kB \([1-9]\d? %\)$/);
    await expect.poll(() => shown('sync'), WAIT).toMatch(/^\d+ s ago$/);
    expect(await shown('homeserver')).toBe(homeserver.url);
    expect(await shown('fallbacks')).toBe('0');
    const page = String(await browser.evaluate('document.documentElement.outerHTML'));
    for (const secret of [token, userId, 'alice']) expect(page).not.toContain(secret);
    const loaded = await browser.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)");
    for (const name of loaded as string[]) expect(name).toMatch(new RegExp(`^${proxy.url}/_lb/|^data:,$`));
    expect(browser.complaints).toEqual([]);
  });

  it('is readable by light and by dark, and on a phone', async () => {
    const contrasts = `(() => {
      const light = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => part / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const behind = (element) => {
        const colour = getComputedStyle(element).backgroundColor;
        return colour === 'rgba(0, 0, 0, 0)' ? behind(element.parentElement) : colour;
      };
      return [...document.querySelectorAll('h1, p, dt, dd')].filter((element) => element.checkVisibility()).map((element) => {
        const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05);
      });
    })()`;
    const backgrounds = new Set<unknown>();
    for (const value of ['light', 'dark']) {
      await browser.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
      // WCAG 2.2, 1.4.3
      for (const contrast of (await browser.evaluate(contrasts)) as number[])
        expect(contrast).toBeGreaterThanOrEqual(4.5);
      backgrounds.add(await browser.evaluate('getComputedStyle(document.body).backgroundColor'));
    }
    expect(backgrounds.size).toBe(2);
    await browser.send('Emulation.setDeviceMetricsOverride', {
      width: 320,
      height: 640,
      deviceScaleFactor: 1,
      mobile: true,
    });
    expect(await browser.evaluate('document.documentElement.scrollWidth <= 320')).toBe(true);
  });

  it('is what the documentation shows', async () => {
    const metrics = { width: 680, height: 640, deviceScaleFactor: 1, mobile: false };
    await browser.send('Emulation.setDeviceMetricsOverride', metrics);
    await browser.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'light' }] });
    const { data } = await browser.send('Page.captureScreenshot', { format: 'png' });
    const png = Buffer.from(String(data), 'base64');
    if (process.env.UPDATE_DOCS === '1') await writeFile(SCREENSHOT, png);
    const size = (image: Buffer) => [image.toString('latin1', 1, 4), image.readUInt32BE(16), image.readUInt32BE(20)];
    const documented = await readFile(SCREENSHOT);
    expect(size(documented)).toEqual(['PNG', metrics.width, metrics.height]);
    expect(size(png)).toEqual(size(documented));
    expect(documented.length).toBeLessThan(80_000);
  });

  it('cannot be read, framed or reached by another site', async () => {
    const elsewhere = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><iframe src="${proxy.url}/_lb/"></iframe>`);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => elsewhere.once('listening', resolve));
    closing.push(async () => {
      elsewhere.closeAllConnections();
      elsewhere.close();
    });
    const { port } = elsewhere.address() as { readonly port: number };
    // Another host name is another site; another port of the same one is another origin.
    for (const origin of [`http://localhost:${port}`, `http://127.0.0.1:${port}`]) {
      await browser.open(origin);
      const read = (mode: string) =>
        browser.evaluate(
          `fetch('${proxy.url}/_lb/status.json', { mode: '${mode}' }).then((r) => r.text().then((t) => r.type + t), () => 'blocked')`,
        );
      expect(await read('cors')).toBe('blocked');
      // Without CORS the page sees nothing of the answer, if there is one.
      expect(await read('no-cors')).toMatch(/^(blocked|opaque)$/);
      const framed =
        "(() => { try { return document.querySelector('iframe').contentDocument; } catch { return null; } })()";
      expect(await browser.evaluate(`${framed} === null`)).toBe(true);
    }
    expect(browser.complaints.join('\n')).toMatch(/frame/i);
  });

  it('says when the proxy is gone', async () => {
    await browser.open(`${proxy.url}/_lb/`);
    await expect.poll(() => shown('state'), WAIT).toBe('Connected over UDP');
    await proxy.close();
    await expect.poll(() => shown('state'), WAIT).toBe('The proxy does not answer');
  });
});
