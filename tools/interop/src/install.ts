import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cache = `${root}.peers`;

/**
 * Makes sure that a program is on the PATH, from Debian's packages where it is missing. Needs root for that; else it says
 * what to install.
 */
export function ensureProgram(program: string, aptPackage: string): void {
  if (onPath(program)) return;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    throw new Error(`${program} is missing: install it (Debian: apt-get install ${aptPackage}) and run again`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  retryOnce(() => {
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', aptPackage], { env, stdio: 'ignore' });
  });
}

/** Builds a Go peer of `peers/` into the cache and returns the binary's path. Go's own cache makes the second time cheap. */
export function buildGoPeer(name: string): string {
  if (!onPath('go')) throw new Error('go is missing: the Go peers need Go 1.26 or later (https://go.dev/dl/)');
  const source = fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
  const binary = `${cache}/bin/${name}`;
  mkdirSync(`${cache}/bin`, { recursive: true });
  retryOnce(() =>
    execFileSync('go', ['build', '-o', binary, '.'], { cwd: source, stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  return binary;
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((dir) => existsSync(`${dir}/${program}`));
}

/** Package servers stumble; a second try is fair, a third would hide something. */
function retryOnce(action: () => void): void {
  try {
    action();
  } catch {
    action();
  }
}
