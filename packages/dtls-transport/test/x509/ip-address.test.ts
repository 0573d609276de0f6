import { isIP, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIpAddress } from '../../src/x509/ip-address.ts';

test.each([
  ['127.0.0.1', [127, 0, 0, 1]],
  ['::', new Array(16).fill(0)],
  ['::1', [...new Array(15).fill(0), 1]],
  ['2001:DB8::8:800:200C:417A', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 8, 8, 0, 0x20, 0xc, 0x41, 0x7a]],
  ['::ffff:10.0.0.1', [...new Array(10).fill(0), 255, 255, 10, 0, 0, 1]],
  ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
])('%s', (text, bytes) => {
  expect(parseIpAddress(text)).toEqual(Uint8Array.from(bytes));
});

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '256.0.0.1',
  '1.2.3.4 ',
  '1.2.3.-4',
  '0x7f.0.0.1',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  'g::',
  '[::1]',
  'fe80::1%eth0',
  '1.2.3.4::',
  '::1.2.3',
  'localhost',
])('"%s" is no address', (text) => {
  expect(parseIpAddress(text)).toBeUndefined();
});

test('every address that Node reads is read, and nothing else', () => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.string({ unit: fc.constantFrom(...'0123456789abcf.::'), maxLength: 40 }),
  );
  const property = fc.property(address, (text) => {
    const family = isIP(text);
    const bytes = parseIpAddress(text);
    expect(bytes?.length ?? 0).toBe([0, 4, 0, 0, 4, 0, 16][family]);
    if (bytes === undefined || family !== 6) return;
    const groups = Array.from({ length: 8 }, (_, index) =>
      ((bytes[2 * index]! << 8) | bytes[2 * index + 1]!).toString(16),
    );
    const ours = new SocketAddress({ family: 'ipv6', address: groups.join(':') });
    expect(ours.address).toBe(new SocketAddress({ family: 'ipv6', address: text }).address);
  });
  fc.assert(property, { seed: 4291, numRuns: 2000 });
});
