import { CliError, readDataArgument, readDataPieces } from '@lb-matrix/cli-args';
import { CborError } from '@lb-matrix/lb-cbor-keys';
import type { Command } from './command.ts';
import { parseHex } from './hex.ts';

/**
 * Does something with each value of the input: with all of it, or with one after the other of a sequence as they come.
 * Blank lines between JSON values are skipped.
 *
 * @throws CliError that names the place in a sequence
 */
export async function* mapValues<T>(command: Command, use: (value: Uint8Array) => Promise<T>): AsyncGenerator<T> {
  if (!command.sequence) {
    yield await use(await readWhole(command));
    return;
  }
  const fromCbor = command.from === 'cbor';
  let place = 1;
  const fail = (error: Error, message: string): never => {
    throw new CliError(`${fromCbor ? 'item' : 'line'} ${place}: ${message}`, 1, { cause: error });
  };
  const failedUse = (error: unknown): never => {
    if (error instanceof CliError) fail(error, error.message);
    throw error;
  };
  try {
    for await (const value of fromCbor ? await items(command) : await lines(command)) {
      if (fromCbor || !isBlank(value)) yield await use(value).catch(failedUse);
      place += 1;
    }
  } catch (error) {
    if (error instanceof CborError) fail(error, `cannot read the ${fromCbor ? 'CBOR' : 'JSON'}: ${error.message}`);
    throw error;
  }
}

async function readWhole({ input, from, hex }: Command): Promise<Uint8Array> {
  const bytes = await readDataArgument(input);
  return from === 'cbor' && hex ? parseHex(bytes) : bytes;
}

async function items(command: Command): Promise<AsyncIterable<Uint8Array>> {
  const { cborItems } = await import('./cbor-items.ts');
  return cborItems(command.hex ? one(readWhole(command)) : readDataPieces(command.input));
}

async function lines({ input }: Command): Promise<AsyncIterable<Uint8Array>> {
  const { textLines } = await import('./text-lines.ts');
  return textLines(readDataPieces(input));
}

async function* one(value: Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await value;
}

/** Nothing but JSON's white space. */
function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
