import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** The names of the interfaces, and what is said of each address that one has. */
type Interfaces = Readonly<Record<string, readonly { readonly address: string }[] | undefined>>;

/**
 * The MTU of the interface that has this address, in bytes. `undefined` where the system does not say it in a file (only Linux does) or no
 * interface has the address.
 */
export function interfaceMtu(
  address: string,
  interfaces: Interfaces = networkInterfaces(),
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): number | undefined {
  const [bare] = address.split('%');
  const found = Object.entries(interfaces).find(([, addresses]) => addresses?.some((one) => one.address === bare));
  if (found === undefined) return undefined;
  // A further address of an interface has a name such as eth0:1.
  const [name] = found[0].split(':');
  try {
    const mtu = Number(read(`/sys/class/net/${name}/mtu`));
    return Number.isInteger(mtu) && mtu > 0 ? mtu : undefined;
  } catch {
    return undefined;
  }
}
