import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Compression, Deflate, DeflateOptions } from './compression.ts';

/** How Node compresses. */
export interface NodeCompression extends DeflateOptions, Pick<Compression, 'threshold'> {}

/** Compression by node:zlib; none for `false`. */
export function nodeCompression(settings: NodeCompression | false = {}): Compression | undefined {
  return settings === false ? undefined : { deflate: nodeDeflate(settings), threshold: settings.threshold };
}

/** DEFLATE by node:zlib. */
export function nodeDeflate({ level = 9 }: DeflateOptions = {}): Deflate {
  return {
    compress: (data, dictionary) => bytes(deflateRawSync(data, { dictionary, level })),
    // A megabyte of zeros takes a kilobyte: node:zlib stops at the cap.
    decompress: (data, dictionary, maxOutputLength) => bytes(inflateRawSync(data, { dictionary, maxOutputLength })),
  };
}

function bytes({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
