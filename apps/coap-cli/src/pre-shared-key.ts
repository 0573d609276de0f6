import { readDataArgument, UsageError } from '@lb-matrix/cli-args';

/** A key that we share with a server, and its name there. */
export interface PreSharedKey {
  readonly identity: string;
  readonly key: Uint8Array;
}

/**
 * What `--psk` stands for: `IDENTITY:HEX`, or `@FILE` with that on its first line, as GnuTLS's psktool writes it. The last
 * colon counts. The key never appears in an error.
 *
 * @throws CliError
 */
export async function readPreSharedKey(argument: string): Promise<PreSharedKey> {
  const text = new TextDecoder().decode(await readDataArgument(argument));
  const [line] = text.split(/\r?\n/, 1);
  const match = /^(.*):((?:[\da-f]{2})+)$/i.exec(line!);
  if (match === null) {
    throw new UsageError(
      '--psk is IDENTITY:HEX, such as sensor1:00ff…, with two hex digits a byte; or @FILE with that in it',
    );
  }
  return { identity: match[1]!, key: Uint8Array.from(Buffer.from(match[2]!, 'hex')) };
}
