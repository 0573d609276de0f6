import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A proxy's command line, up to the flags that both understand. */
export interface ProxyProgram {
  readonly peer: string;
  readonly command: readonly [string, ...string[]];
}

const APP: string = fileURLToPath(new URL('../..', import.meta.url));
const ROOT: string = fileURLToPath(new URL('../../../..', import.meta.url));
const BIN: string = `${ROOT}.peers/bin`;

/** `lb-proxy` as it is published: bundled, started with plain Node. */
export function buildOurs(): ProxyProgram {
  const tsup = `${ROOT}node_modules/tsup/dist/cli-default.js`;
  execFileSync(process.execPath, [tsup, '--silent'], { cwd: APP, stdio: ['ignore', 'ignore', 'inherit'] });
  return { peer: 'ours', command: [process.execPath, `${APP}dist/cli.js`] };
}

/** The Go original, where Go can get and build it; says why on the console where not. */
export function installOriginal(): ProxyProgram | undefined {
  const version = 'github.com/matrix-org/lb/cmd/proxy@latest';
  try {
    mkdirSync(BIN, { recursive: true });
    execFileSync('go', ['install', version], {
      env: { ...process.env, GOBIN: BIN },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return { peer: 'Go original', command: [`${BIN}/proxy`] };
  } catch (error) {
    console.error(`The Go original is left out: ${(error as Error).message.trim()}`);
    return undefined;
  }
}
