import { CliError } from '@lb-matrix/cli-args';
import { CborError, decodeToJson, encodeJson } from '@lb-matrix/lb-cbor-keys';
import type { Command } from './command.ts';
import { formatHex, looksLikeHex } from './hex.ts';
import { prettyJson } from './pretty-json.ts';

/**
 * The conversion of one value that a command asks for. Its CBOR is read as bytes and written as the command says; JSON
 * of a sequence ends with a newline.
 *
 * @throws CliError that says what is wrong with the input, where, and what may help
 */
export async function convert(input: Uint8Array, command: Command): Promise<Uint8Array> {
  const { keys, base64 } = command;
  if (command.from === 'json') {
    const cbor = readJson(input, () => encodeJson(input, { keys, base64, canonical: true }));
    return command.hex ? formatHex(cbor) : cbor;
  }
  if (command.to === 'diagnostic') return toDiagnostic(input, command);
  const json = await toJson(input, command);
  if (command.sequence) return Buffer.concat([json, Buffer.from('\n')]);
  return command.pretty ? prettyJson(json) : json;
}

/**
 * The JSON text of an input in either form.
 *
 * @throws CliError
 */
export async function toJson(input: Uint8Array, command: Command): Promise<Uint8Array> {
  const { from, keys, base64, general } = command;
  if (from === 'json') return input;
  try {
    return decodeToJson(input, { keys, base64, sortKeys: true });
  } catch (error) {
    if (!(error instanceof CborError && general)) throw badCbor(error, input, command);
  }
  const { generalJson } = await import('./general-json.ts');
  return readCbor(input, command, () => generalJson(input, keys));
}

/**
 * Reads JSON.
 *
 * @throws CliError in place of a CborError
 */
export function readJson<T>(json: Uint8Array, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    // A map, an array or a tag: JSON begins with nothing beyond ASCII.
    const hint = json[0] !== undefined && json[0] >= 0x80 && error.offset === 0 ? '; if it is CBOR, add -c2j' : '';
    throw new CliError(`cannot read the JSON: ${error.message}${hint}`, 1, { cause: error });
  }
}

async function toDiagnostic(cbor: Uint8Array, command: Command): Promise<Uint8Array> {
  const { diagnosticNotation } = await import('./diagnostic-notation.ts');
  return readCbor(cbor, command, () => diagnosticNotation(cbor, command));
}

function readCbor(cbor: Uint8Array, command: Command, read: () => string): Uint8Array {
  try {
    return Buffer.from(read());
  } catch (error) {
    throw badCbor(error, cbor, command);
  }
}

function badCbor(error: unknown, cbor: Uint8Array, { to, general, hex }: Command): unknown {
  // What strings cannot hold: half a gigabyte.
  if (error instanceof RangeError) return new CliError('the output would be too long', 1, { cause: error });
  if (!(error instanceof CborError)) return error;
  let hint = '';
  if (!hex && looksLikeHex(cbor)) hint = '; if the input is hex, add --hex';
  else if (to === 'diagnostic' && looksLikeJson(cbor)) hint = '; if it is JSON, run: jc INPUT | jc --diag -';
  else if (to === 'json' && error.code === 'refused' && !general) hint = '; --general may show it nevertheless';
  return new CliError(`cannot read the CBOR: ${error.message}${hint}`, 1, { cause: error });
}

function looksLikeJson(bytes: Uint8Array): boolean {
  return /^\s*[{[]/.test(Buffer.from(bytes.subarray(0, 100)).toString('latin1'));
}
