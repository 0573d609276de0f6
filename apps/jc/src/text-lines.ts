import { CborError } from '@lb-matrix/lb-cbor-keys';

/** Longest line, that of lb-cbor-keys' input. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Cuts text into its lines, each as soon as it is complete.
 *
 * @param pieces - UTF-8, cut anywhere
 * @throws CborError `too_large`
 */
export async function* textLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let line: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...line, piece.subarray(start, end)]);
      line = [];
      length = 0;
      start = end + 1;
    }
    const rest = piece.subarray(start);
    line.push(rest);
    length += rest.length;
    if (length > MAX_LINE_BYTES) throw new CborError('too_large', MAX_LINE_BYTES);
  }
  if (length > 0) yield Buffer.concat(line);
}
