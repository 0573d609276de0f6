import {
  type CoapOption,
  Code,
  findOptions,
  OptionNumber,
  opaqueOption,
  stringOption,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import { decodeToJson } from '@lb-matrix/lb-cbor-keys';
import { expect } from 'vitest';
import { type CoapParts, MappingError, type MappingReason, PrivateOption } from '../src/index.ts';

export const NOTHING: Uint8Array = new Uint8Array(0);

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
export const hex = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/../g) ?? [], (d) => Number.parseInt(d, 16));
export const toHex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');

/** A JSON value out of CBOR with integer keys. */
export const fromCbor = (cbor: Uint8Array): unknown => JSON.parse(text(decodeToJson(cbor)));

export const token256 = (value: string | Uint8Array): CoapOption =>
  opaqueOption(OptionNumber.Authorization, typeof value === 'string' ? utf8(value) : value);
export const format = (number: number): CoapOption => uintOption(OptionNumber.ContentFormat, number);
export const accept = (number: number): CoapOption => uintOption(OptionNumber.Accept, number);
export const keys257 = (version: number): CoapOption => uintOption(OptionNumber.CborKeys, version);
export const announce = (bits = 16): CoapOption => uintOption(PrivateOption.Features, bits);

/** A request for a Uri-Path ('7' or '9/!room/type/txn'), its further options in order. */
export function coap(code: number, path: string, options: readonly CoapOption[] = [], payload = NOTHING): CoapParts {
  const segments = path === '' ? [] : path.split('/').map((segment) => stringOption(OptionNumber.UriPath, segment));
  return { code, options: [...segments, ...options].sort((a, b) => a.number - b.number), payload };
}

export const get = (path: string, ...options: CoapOption[]): CoapParts => coap(Code.GET, path, options);

/** The text of all options of a number. */
export const values = (parts: Pick<CoapParts, 'options'>, number: number): string[] =>
  findOptions(parts.options, number).map(({ value }) => text(value));

export const uint = (parts: Pick<CoapParts, 'options'>, number: number): number | undefined =>
  uintValue(parts.options, number);

/** The `MappingError` that `run` throws, which must be of this reason. */
export function refused(reason: MappingReason, run: () => unknown): MappingError {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(MappingError);
  expect((thrown as MappingError).reason).toBe(reason);
  return thrown as MappingError;
}
