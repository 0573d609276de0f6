import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { interfaceMtu } from '../../src/node/interface-mtu.ts';

const INTERFACES = {
  lo: [{ address: '127.0.0.1' }],
  'ppp0:1': [{ address: '192.0.2.7' }, { address: 'fe80::7' }],
  gone: undefined,
};
const read = (path: string): string => {
  if (path === '/sys/class/net/ppp0/mtu') return '576\n';
  throw new Error('ENOENT');
};

describe('the MTU of an interface', () => {
  it('is that of the interface with the address, with or without a zone', () => {
    expect(interfaceMtu('192.0.2.7', INTERFACES, read)).toBe(576);
    expect(interfaceMtu('fe80::7%ppp0', INTERFACES, read)).toBe(576);
  });

  it('is not known where no interface has the address, or nothing is to be read', () => {
    expect(interfaceMtu('192.0.2.8', INTERFACES, read)).toBeUndefined();
    expect(interfaceMtu('127.0.0.1', INTERFACES, read)).toBeUndefined();
    expect(interfaceMtu('192.0.2.7', INTERFACES, () => 'many')).toBeUndefined();
  });

  it('of the loopback is what this system says', () => {
    const file = '/sys/class/net/lo/mtu';
    const said = existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
    expect(interfaceMtu('127.0.0.1')).toBe(said);
  });
});
