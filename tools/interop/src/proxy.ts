import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freeUdpPort } from './free-port.ts';
import { type Peer, startPeer } from './process.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface RunningProxy {
  /** `127.0.0.1:PORT` of the DTLS socket. */
  readonly address: string;
  readonly peer: Peer;
}

/** Runs lb-proxy from source in front of a homeserver, with a certificate that it makes for itself. */
export async function startProxy(homeserver: string): Promise<RunningProxy> {
  const address = `127.0.0.1:${await freeUdpPort()}`;
  const peer = startTool('proxy', ['--local', homeserver, '--dtls-bind-addr', address], {
    XDG_STATE_HOME: mkdtempSync(join(tmpdir(), 'lbm-state-')),
  });
  await peer.waitFor(/Listening for DTLS on/);
  return { address, peer };
}

/** Runs one of our command lines from source. */
export function startTool(
  app: 'proxy' | 'coap-cli' | 'jc',
  args: readonly string[],
  env: Record<string, string> = {},
): Peer {
  const source = join(root, 'apps', app, 'src/cli.ts');
  return startPeer(process.execPath, ['--import', 'tsx', '--conditions=@lb-matrix/source', source, ...args], {
    cwd: root,
    env,
  });
}
