import { renameSync, writeFileSync } from 'node:fs';

/** Writes all of a file or nothing, and never readable for others in between. */
export function writeWhole(path: string, text: string, mode: number): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, path);
}
