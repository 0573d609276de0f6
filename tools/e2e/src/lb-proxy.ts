import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Peer, startPeer } from '@lb-matrix/interop/process';
import { freePort } from './free-port.ts';

/** The proxy as its users run it: a process of its own. */
export interface LbProxy {
  /** UDP, on 127.0.0.1; the same after a restart. */
  readonly port: number;
  /** Its own certificate in DER, the same after a restart. */
  readonly certificate: Uint8Array;
  /** Ends it as the kernel does, without a word to anybody, and starts it again. Resolves when it listens. */
  killAndRestart(): Promise<void>;
  close(): Promise<void>;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Starts the proxy in front of a homeserver, on a free port of 127.0.0.1. */
export async function startLbProxy(homeserver: string): Promise<LbProxy> {
  const state = await mkdtemp(join(tmpdir(), 'lb-proxy-'));
  const port = await freePort();
  const start = async (): Promise<Peer> => {
    const args = ['--local', homeserver, '--dtls-bind-addr', `127.0.0.1:${port}`, '--log-format', 'json'];
    const node = ['--conditions=@lb-matrix/source', '--import', 'tsx', 'apps/proxy/src/cli.ts'];
    const started = startPeer(process.execPath, [...node, ...args], { cwd: root, env: { XDG_STATE_HOME: state } });
    await started.waitFor(/Listening for DTLS/);
    return started;
  };
  let proxy = await start();
  return {
    port,
    certificate: new X509Certificate(await readFile(join(state, 'lb-proxy', 'cert.pem'))).raw,
    async killAndRestart() {
      await proxy.stop('SIGKILL');
      proxy = await start();
    },
    async close() {
      await proxy.stop();
      await rm(state, { recursive: true, force: true });
    },
  };
}
