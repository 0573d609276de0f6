import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Deflate, DeflateOptions } from './compression.ts';

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
