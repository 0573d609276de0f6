import { UsageError } from '@lb-matrix/cli-args';
import { CborError, encodeJson } from '@lb-matrix/lb-cbor-keys';

/**
 * What `--json` stands for as CBOR with text keys.
 *
 * @throws UsageError that says where it is no JSON
 */
export function jsonToCbor(json: Uint8Array): Uint8Array {
  try {
    return encodeJson(json);
  } catch (error) {
    if (error instanceof CborError) throw new UsageError(`--json: ${error.message}`);
    throw error;
  }
}
