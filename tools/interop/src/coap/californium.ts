import { freeUdpPort } from '../free-port.ts';
import { buildMavenPeer, onPath } from '../install.ts';
import { startPeer } from '../process.ts';
import { startJsonLineClient } from './json-lines.ts';
import type { CoapPeer, Security } from './peer.ts';

const noChanges = 'our server program for it has no observable resource that others change';
const noValidation = 'our server program for it has no /validate and no /create1';

/** A Java program on Californium, over Scandium's DTLS: `peers/californium-peer`. */
export const californium: CoapPeer = {
  name: 'Californium',
  install() {
    if (!onPath('java') || !onPath('mvn')) return 'Java 17 and Maven';
    buildMavenPeer('californium-peer');
    return undefined;
  },
  async startServer(security) {
    const port = await freeUdpPort();
    const files = security && [`--cert=${security.certificate.certFile}`, `--key=${security.certificate.keyFile}`];
    const server = startPeer('java', [
      ...[...java(), 'server', `127.0.0.1:${port}`],
      ...(files ?? []),
      ...idsOf(security),
    ]);
    await server.waitFor(/LISTENING/);
    return { port, stop: () => server.stop() };
  },
  connect: (port, security?: Security) =>
    startJsonLineClient('java', [
      ...[...java(), 'client', `127.0.0.1:${port}`],
      ...(security === undefined ? [] : [`--ca=${security.certificate.certFile}`]),
      ...idsOf(security),
    ]),
  serverLacks: {
    CORE_21: noValidation,
    CORE_22: noValidation,
    CORE_23: noValidation,
    OBS_07: noChanges,
    OBS_08: noChanges,
    OBS_09: noChanges,
  },
  clientLacks: {
    CORE_12: 'our client program for it lets it choose the token',
    OBS_06: 'it ends an observation by Observe 1',
  },
};

const idsOf = (security?: Security): string[] => (security?.connectionIds ? ['--cid=6'] : []);

/** Start-up matters more here than speed; log lines would come between those of JSON. */
const java = (): string[] => [
  ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx256m'],
  ...['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-jar'],
  buildMavenPeer('californium-peer'),
];
