/**
 * Writes to stdout, and waits where its reader is slower than we are.
 *
 * @returns false if the reader has gone, so that there is nobody to write more for
 */
export function writeStdout(bytes: Uint8Array): Promise<boolean> {
  const { stdout } = process;
  return new Promise((resolve) => {
    if (stdout.writable) stdout.write(bytes, (error) => resolve(!error));
    else resolve(false);
  });
}
