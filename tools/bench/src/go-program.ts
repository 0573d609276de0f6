import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Builds the Go program `peers/NAME` and returns the binary's path; Go's cache makes the second time cheap. Where it cannot be
 * built, says why on the console and returns `undefined`.
 */
export function buildGoProgram(name: string): string | undefined {
  const cwd = fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
  const bin = fileURLToPath(new URL('../../../.peers/bin', import.meta.url));
  const binary = `${bin}/${name}-bench`;
  try {
    mkdirSync(bin, { recursive: true });
    execFileSync('go', ['build', '-o', binary, '.'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    return binary;
  } catch (error) {
    console.error(
      `${name} is left out, its program was not built: ${(error as Error).message} (it needs Go 1.26 or later)`,
    );
    return undefined;
  }
}
