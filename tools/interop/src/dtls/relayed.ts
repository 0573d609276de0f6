import { connectDtls, type DtlsPipe, listenDtls } from '@lb-matrix/dtls-transport/node';
import { clientOptions, firstSession, serverOptions } from './association.ts';
import type { DtlsPeer, DtlsSetup } from './peer.ts';
import { type Loses, type Relay, startRelay } from './relay.ts';

/** Our client talks with the peer's server through a relay. */
export async function connectThrough<T>(
  peer: DtlsPeer,
  setup: DtlsSetup,
  talk: (pipe: DtlsPipe, relay: Relay) => Promise<T>,
  loses?: Loses,
): Promise<T> {
  const server = await peer.startServer(setup);
  const relay = await startRelay(server.port, loses);
  try {
    const pipe = await connectDtls(clientOptions(setup, relay.port));
    try {
      return await talk(pipe, relay);
    } finally {
      pipe.close();
    }
  } finally {
    relay.close();
    await server.stop();
  }
}

/** The peer's client talks with our server through a relay, until it shows `text`. */
export async function listenThrough<T>(
  peer: DtlsPeer,
  setup: DtlsSetup,
  text: string,
  judge: (pipe: DtlsPipe, relay: Relay) => T,
  loses?: Loses,
): Promise<T> {
  const server = await listenDtls(serverOptions(setup));
  const session = firstSession(server);
  const relay = await startRelay(server.address.port, loses);
  try {
    const client = await peer.connect(relay.port, setup);
    try {
      await client.shows(text);
      return judge(session.pipe(), relay);
    } finally {
      await client.stop();
    }
  } finally {
    relay.close();
    await server.close();
  }
}
