import { fileURLToPath } from 'node:url';
import { openEmulatedLink } from './emulated-link.ts';
import { type Http2Server, measureCurl } from './http2.ts';
import type { LinkTask } from './link-client.ts';
import type { LinkServers } from './link-servers.ts';
import type { Row } from './table.ts';

/** Milliseconds of each time. */
export interface Measured {
  readonly ours: readonly number[];
  /** `undefined`: TCP does not pass, or cannot do the same. */
  readonly http2: readonly number[] | undefined;
}

const client = fileURLToPath(new URL('./link-client.ts', import.meta.url));
const TIMEOUT = 400_000;

/** Each protocol has the link for itself, with the same seed. */
export async function measureRow(row: Row, servers: LinkServers, nginx: Http2Server | undefined): Promise<Measured> {
  const { act, times } = row;
  const task = async (host: string, portOf: (server: number) => Promise<number>): Promise<LinkTask> => {
    const isBulk = act.kind === 'download' || act.kind === 'ask';
    const port = await portOf(isBulk ? servers.bulkPort : servers.matrixPort);
    return { host, port, pin: servers.pin, versions: servers.versions, times, act };
  };
  const link = await openEmulatedLink(row.shape, 1);
  let ours: number[];
  try {
    const argument = JSON.stringify(await task(link.host, link.portOf));
    const flags = ['--conditions=@lb-matrix/source', '--import', 'tsx', client, argument];
    ours = JSON.parse(await link.run(process.execPath, flags, TIMEOUT));
  } finally {
    await link.close();
  }
  const canTcp = nginx !== undefined && !(act.kind === 'ask' && act.during !== undefined);
  if (!canTcp) return { ours, http2: undefined };
  const second = await openEmulatedLink(row.shape, 1);
  try {
    return { ours, http2: await measureCurl(second, nginx.port, await task(second.host, second.portOf)) };
  } finally {
    await second.close();
  }
}
