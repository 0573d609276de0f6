import { deflateSync, Inflate } from 'fflate';
import type { Deflate, DeflateOptions } from './compression.ts';

/** Bytes handed to the inflater at a time: what they become, at most 1,032 times as much, is what the cap is late by. */
const STEP = 1024;

/** DEFLATE by fflate, for browsers and React Native. Slower than node:zlib, with sizes less than 1 % above it. */
export function fflateDeflate({ level = 9 }: DeflateOptions = {}): Deflate {
  return {
    compress: (data, dictionary) => deflateSync(data, { dictionary, level }),
    decompress(data, dictionary, maxBytes) {
      const chunks: Uint8Array[] = [];
      let length = 0;
      const inflate = new Inflate({ dictionary }, (chunk) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
      });
      for (let at = 0; at < data.length; at += STEP) {
        inflate.push(data.subarray(at, at + STEP), at + STEP >= data.length);
      }
      const result = new Uint8Array(length);
      let to = 0;
      for (const chunk of chunks) {
        result.set(chunk, to);
        to += chunk.length;
      }
      return result;
    },
  };
}
