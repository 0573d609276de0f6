import { onTestFinished } from 'vitest';
import { readCommandLine } from '../../src/command-line.ts';
import { createLog } from '../../src/log.ts';
import { type RunningProxy, startProxy } from '../../src/start-proxy.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A proxy in this process, on a free port of loopback unless the flags say otherwise, and what it logs. */
export async function startTestProxy(
  local: string,
  flags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<{ proxy: RunningProxy; port: number; lines: string[] }> {
  const settings = readCommandLine(['--dtls-bind-addr', '127.0.0.1:0', '-local', local, ...flags], '0.0.0');
  if (typeof settings === 'string') throw new TypeError(settings);
  const lines: string[] = [];
  const log = await createLog(settings.logLevel, 'text', { write: (line) => lines.push(line) });
  const proxy = await startProxy(settings, log, { XDG_STATE_HOME: temporaryDirectory(), ...env });
  onTestFinished(() => proxy.close(0));
  return { proxy, port: proxy.port, lines };
}
