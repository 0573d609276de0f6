import { fileURLToPath } from 'node:url';
import { freeUdpPort } from '../free-port.ts';
import { pythonWith } from '../install.ts';
import { startPeer } from '../process.ts';
import { startJsonLineClient } from './json-lines.ts';
import type { CoapPeer } from './peer.ts';

const source = fileURLToPath(new URL('../../peers/aiocoap-peer/', import.meta.url));
const noValidation = 'our server program for it has no /validate and no /create1';

const noChanges = 'our server program for it has no observable resource that others change';
const noDtls = 'its DTLS needs a library that does not build everywhere';

/** A Python program on aiocoap: `peers/aiocoap-peer`. */
export const aiocoap: CoapPeer = {
  name: 'aiocoap',
  install() {
    pythonWith('aiocoap', `${source}requirements.txt`);
    return undefined;
  },
  async startServer() {
    const port = await freeUdpPort();
    const server = startPeer(python(), [`${source}peer.py`, 'server', `127.0.0.1:${port}`]);
    await server.waitFor(/LISTENING/);
    return { port, stop: () => server.stop() };
  },
  connect: (port) => startJsonLineClient(python(), [`${source}peer.py`, 'client', `127.0.0.1:${port}`]),
  serverLacks: {
    CORE_21: noValidation,
    CORE_22: noValidation,
    CORE_23: noValidation,
    critical: 'its server ignores critical options that it does not know',
    DTLS: noDtls,
    CID: noDtls,
    OBS_07: noChanges,
    OBS_08: noChanges,
    OBS_09: noChanges,
    OBS_13: 'its server sends a notification whole, however large',
  },
  clientLacks: {
    CORE_12: 'our client program for it lets it choose the token',
    CORE_31: 'it cannot be told to ping',
    DTLS: noDtls,
    CID: noDtls,
    OBS_12: 'it ends an observation by resetting the next notification',
  },
};

const python = (): string => pythonWith('aiocoap', `${source}requirements.txt`);
