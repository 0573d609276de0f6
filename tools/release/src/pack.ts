import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The workspace's root. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url));

/** A publishable member and its tarball. */
export interface Packed {
  readonly name: string;
  /** `packages/coap-codec` */
  readonly member: string;
  readonly tarball: string;
  /** Names of its commands. */
  readonly bins: readonly string[];
}

/** Packs every publishable member as pnpm publishes it: workspace ranges and `publishConfig` applied. Needs a build. */
export function packAll(): Packed[] {
  return ['packages', 'apps'].flatMap((dir) =>
    readdirSync(join(root, dir)).map((folder) => {
      const member = `${dir}/${folder}`;
      const manifest = JSON.parse(readFileSync(join(root, member, 'package.json'), 'utf8'));
      const target = mkdtempSync(join(tmpdir(), 'lbm-pack-'));
      execFileSync('pnpm', ['pack', '--pack-destination', target], { cwd: join(root, member), stdio: 'pipe' });
      const file = readdirSync(target).find((name) => name.endsWith('.tgz'));
      if (file === undefined) throw new Error(`${member}: pnpm pack made no tarball`);
      return { name: manifest.name, member, tarball: join(target, file), bins: Object.keys(manifest.bin ?? {}) };
    }),
  );
}
