import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { onPath } from '@lb-matrix/interop/install';

/** What a browser says, as the DevTools protocol writes it. */
type Json = Readonly<Record<string, unknown>>;

/** A headless Chromium with one page. */
export interface Chromium {
  /** Sends one command of the DevTools protocol to the page; resolves with its result. */
  send(method: string, params?: Json): Promise<Json>;
  /** What an expression is in the page; promises are awaited. */
  evaluate(expression: string): Promise<unknown>;
  /** Opens a URL and waits until it has loaded. */
  open(url: string): Promise<void>;
  /** What the page has complained of: errors, and what its security policy has blocked. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The Chromium that is installed, by its name. */
export function findChromium(): string | undefined {
  return NAMES.find(onPath);
}

/** Starts a Chromium with a profile of its own. It is spoken to by a pipe, so that no port is open. */
export async function startChromium(program: string): Promise<Chromium> {
  const profile = await mkdtemp(join(tmpdir(), 'lb-chromium-'));
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const child = spawn(
    program,
    [...flags, ...offline, '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank'],
    // It reads commands from descriptor 3 and writes to 4.
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const [commands, answers] = child.stdio.slice(3) as unknown as [Writable, Readable];

  const pending = new Map<number, (message: Json) => void>();
  const events = new Map<string, (params: Json) => void>();
  const complaints: string[] = [];
  let last = 0;
  let text = '';
  answers.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (text + chunk).split('\0');
    text = messages.pop() ?? '';
    for (const message of messages) receive(JSON.parse(message));
  });

  function receive(message: Json): void {
    if (typeof message.id === 'number') pending.get(message.id)?.(message);
    else events.get(String(message.method))?.((message.params ?? {}) as Json);
  }

  function command(method: string, params: Json, sessionId?: string): Promise<Json> {
    last += 1;
    const id = last;
    commands.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    return new Promise((resolve, reject) => {
      const settle = (message: Json): void => {
        pending.delete(id);
        if (message.error === undefined) resolve((message.result ?? {}) as Json);
        else reject(new Error(`${method}: ${JSON.stringify(message.error)}`));
      };
      pending.set(id, settle);
      gone.then(() => settle({ error: 'Chromium has ended' }));
    });
  }

  const { targetInfos } = await command('Target.getTargets', {});
  const page = (targetInfos as Json[]).find(({ type }) => type === 'page');
  const { sessionId } = await command('Target.attachToTarget', { targetId: page?.targetId, flatten: true });
  const send: Chromium['send'] = (method, params = {}) => command(method, params, String(sessionId));
  events.set('Log.entryAdded', ({ entry }) => complaints.push(String((entry as Json).text)));
  events.set('Runtime.exceptionThrown', (params) => complaints.push(JSON.stringify(params)));
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);

  return {
    send,
    complaints,
    async evaluate(expression) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as Json).value;
    },
    async open(url) {
      const loaded = new Promise<void>((resolve) => events.set('Page.loadEventFired', () => resolve()));
      const { errorText } = await send('Page.navigate', { url });
      if (errorText !== undefined) throw new Error(`${url}: ${String(errorText)}`);
      await loaded;
    },
    async close() {
      child.kill('SIGKILL');
      await gone;
      process.removeListener('exit', killWithUs);
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
