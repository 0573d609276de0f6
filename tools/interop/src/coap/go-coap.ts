import { freeUdpPort } from '../free-port.ts';
import { buildGoPeer } from '../install.ts';
import { startPeer } from '../process.ts';
import { startJsonLineClient } from './json-lines.ts';
import type { CoapPeer, Security } from './peer.ts';

const goesOn = 'its server goes on notifying after a Reset, which it answers with a 4.04 in a CON';
const noChanges = 'our server program for it has no observable resource that others change';
const noValidation = 'our server program for it has no /validate and no /create1';

/** A Go program on go-coap 3, over pion's DTLS: `peers/pion-peer`. */
export const goCoap: CoapPeer = {
  name: 'go-coap',
  install() {
    buildGoPeer('pion-peer');
    return undefined;
  },
  async startServer(security) {
    const port = await freeUdpPort();
    const files = security && ['-cert', security.certificate.certFile, '-key', security.certificate.keyFile];
    const server = startPeer(buildGoPeer('pion-peer'), [
      ...['coap-server', '-addr', `127.0.0.1:${port}`],
      ...(files ?? ['-plain']),
      ...idsOf(security),
    ]);
    await server.waitFor(/LISTENING/);
    return { port, stop: () => server.stop() };
  },
  connect: (port, security) =>
    startJsonLineClient(buildGoPeer('pion-peer'), [
      ...['coap-client', '-addr', `127.0.0.1:${port}`],
      ...(security === undefined ? ['-plain'] : ['-ca', security.certificate.certFile]),
      ...idsOf(security),
    ]),
  serverLacks: {
    CORE_21: noValidation,
    CORE_22: noValidation,
    CORE_23: noValidation,
    OBS_06: goesOn,
    OBS_07: noChanges,
    OBS_08: noChanges,
    OBS_09: noChanges,
  },
  clientLacks: {
    CORE_12: 'our client program for it lets it choose the token',
    OBS_06: 'it ends an observation by Observe 1',
    'CORE_16, its acknowledgement is lost':
      'its client sends the request again after the response, which has acknowledged it',
  },
};

const idsOf = (security?: Security): string[] => (security?.connectionIds ? ['-cid', '6'] : []);
