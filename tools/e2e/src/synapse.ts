import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '@lb-matrix/interop/install';
import { freePort } from './free-port.ts';
import { synapseConfig } from './synapse-config.ts';
import { runSynapse } from './synapse-process.ts';

/** A running Synapse. */
export interface Synapse {
  /** Base URL of its client-server API, `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Stops it and starts it again, with all that it has stored; resolves when it answers. */
  restart(): Promise<void>;
  /** Stops it and removes its directory; resolves when the process is gone. */
  close(): Promise<void>;
}

/**
 * Installs Synapse from PyPI if need be, once per checkout, and starts one with an empty database on a free loopback port. Its
 * server name is `localhost`; anybody may register.
 *
 * @param options.rateLimited - limit messages to `RATE_LIMIT` of synapse-config.ts; otherwise nothing is but wrong passwords
 * @throws Error with the end of Synapse's log when it does not answer within a minute
 */
export async function startSynapse({ rateLimited = false }: { rateLimited?: boolean } = {}): Promise<Synapse> {
  const python = pythonWith('synapse', fileURLToPath(new URL('../peers/synapse-requirements.txt', import.meta.url)));
  const directory = await mkdtemp(join(tmpdir(), 'synapse-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = join(directory, 'homeserver.yaml');
  await writeFile(config, synapseConfig({ directory, port, rateLimited }));

  const run = () => runSynapse({ python, config, directory, url });
  const remove = () => rm(directory, { recursive: true, force: true });
  let running = await run().catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return {
    url,
    async restart() {
      await running.stop();
      running = await run();
    },
    async close() {
      await running.stop();
      await remove();
    },
  };
}
