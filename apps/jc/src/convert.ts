import { CliError } from '@lb-matrix/cli-args';
import { CborError, decodeToJson, encodeJson } from '@lb-matrix/lb-cbor-keys';
import type { Command } from './command.ts';
import { formatHex, looksLikeHex, parseHex } from './hex.ts';
import { prettyJson } from './pretty-json.ts';

/**
 * The conversion that a command asks for.
 *
 * @throws CliError that says what is wrong with the input, where, and what may help
 */
export async function convert(input: Uint8Array, command: Command): Promise<Uint8Array> {
  if (!command.c2j) {
    const cbor = toCbor(input, command);
    return command.hex ? formatHex(cbor) : cbor;
  }
  const json = await toJson(command.hex ? parseHex(input) : input, command);
  return command.pretty ? prettyJson(json) : json;
}

function toCbor(json: Uint8Array, { keys }: Command): Uint8Array {
  try {
    return encodeJson(json, { keys, canonical: true });
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    // A map, an array or a tag: JSON begins with nothing beyond ASCII.
    const hint = json[0] !== undefined && json[0] >= 0x80 && error.offset === 0 ? '; if it is CBOR, add -c2j' : '';
    throw new CliError(`cannot read the JSON: ${error.message}${hint}`, 1, { cause: error });
  }
}

async function toJson(cbor: Uint8Array, { keys, general, hex }: Command): Promise<Uint8Array> {
  try {
    return decodeToJson(cbor, { keys, sortKeys: true });
  } catch (error) {
    if (!(error instanceof CborError)) throw error;
    if (general) {
      const { decodeGeneral } = await import('./general-cbor.ts');
      return decodeGeneral(cbor, keys);
    }
    let hint = '';
    if (!hex && looksLikeHex(cbor)) hint = '; if the input is hex, add --hex';
    else if (error.code === 'refused') hint = '; --general may show it nevertheless';
    throw new CliError(`cannot read the CBOR: ${error.message}${hint}`, 1, { cause: error });
  }
}
