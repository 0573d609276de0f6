import { freeUdpPort } from '../free-port.ts';
import { startPeer } from '../process.ts';
import type { DtlsPeer, DtlsSetup } from './peer.ts';

/** How to call one of the programs in `peers/`, which as servers echo, and as clients say hello and end. */
interface PeerProgram {
  readonly name: string;
  /** Builds it where that has not happened yet. */
  readonly build: () => string;
  readonly server: (port: number, setup: DtlsSetup) => readonly string[];
  readonly client: (port: number, setup: DtlsSetup) => readonly string[];
  /** What it reports, at both ends, of a session that is as it was set up. */
  readonly report: (setup: DtlsSetup) => RegExp;
  /** What its server reports of our close_notify. */
  readonly closed: RegExp;
}

/** A peer that is a program in `peers/`. */
export const programPeer = ({ name, build, server, client, report, closed }: PeerProgram): DtlsPeer => ({
  name,
  install: () => void build(),

  async startServer(setup) {
    const port = await freeUdpPort();
    const serving = startPeer(build(), server(port, setup));
    await serving.waitFor(/LISTENING/);
    return {
      port,
      async echoes() {
        await serving.waitFor(report(setup));
      },
      async closed() {
        await serving.waitFor(closed);
      },
      stop: () => serving.stop(),
    };
  },

  async connect(port, setup) {
    const connecting = startPeer(build(), client(port, setup));
    await connecting.waitFor(report(setup));
    return {
      async shows(text) {
        await connecting.waitFor(new RegExp(text));
      },
      async close() {
        // It does that by itself after the last answer.
        await connecting.exited;
      },
      stop: () => connecting.stop(),
    };
  },
});
