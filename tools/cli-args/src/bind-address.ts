import { isIPv6 } from 'node:net';
import { UsageError } from './cli-error.ts';

/** Where to listen. */
export interface BindAddress {
  /** A name or a numeric address, without brackets; `undefined` is every address of the machine. */
  readonly host: string | undefined;
  /** 0 takes a free port. */
  readonly port: number;
}

/**
 * Reads an address to bind as Go writes it: `:8008`, `127.0.0.1:8448`, `[::]:8008`, `localhost:8008`.
 *
 * @throws UsageError
 */
export function parseBindAddress(text: string): BindAddress {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/i.exec(text);
  const [, ipv6, name, digits] = match ?? [];
  const port = Number(digits);
  if (match === null || port > 65_535 || (ipv6 !== undefined && !isIPv6(ipv6))) {
    throw new UsageError(`'${text}' is not an address to bind: write :8008, 127.0.0.1:8008 or [::1]:8008`);
  }
  return { host: ipv6 ?? (name === '' ? undefined : name), port };
}

/** An address as it is written in front of a port. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
