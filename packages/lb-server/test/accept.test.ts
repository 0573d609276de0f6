import { describe, expect, it } from 'vitest';
import { acceptsCbor } from '../src/accept.ts';

describe('the format of an answer over HTTP', () => {
  it.each([
    ['a JSON request without Accept', undefined, false, false],
    ['R7: a JSON request with a wildcard', '*/*', false, false],
    ['R7: a JSON request that accepts CBOR', 'application/cbor', false, true],
    ['a request that accepts both alike', 'application/json, application/cbor', false, true],
    ['a request that likes JSON better', 'application/json, application/cbor;q=0.5', true, false],
    ['a request that likes CBOR better', 'Application/CBOR ; Q=0.9,application/json;q=0.3', false, true],
    ['a CBOR request without Accept', undefined, true, true],
    ['a CBOR request with a wildcard', '*/*', true, true],
    ['a CBOR request that accepts JSON', 'application/json', true, false],
    ['a CBOR request that refuses CBOR', 'application/cbor;q=0, */*', true, false],
    ['a weight that is no number', 'application/cbor;q=much', false, false],
  ])('%s', (_, accept, requestIsCbor, expected) => {
    expect(acceptsCbor(accept, requestIsCbor)).toBe(expected);
  });
});
