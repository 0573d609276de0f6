import { connectDtls, listenDtls } from '@lb-matrix/dtls-transport/node';
import { expect, it } from 'vitest';
import type { Cell, Direction } from '../cell.ts';
import type { Certificates } from '../certificate.ts';
import {
  clientOptions,
  exchange,
  expectAgreed,
  expectClient,
  expectServer,
  firstSession,
  serverOptions,
} from './association.ts';
import type { DtlsPeer } from './peer.ts';
import { reasonAgainst, type Scenario, setupOf } from './scenarios.ts';

/** What a test says of itself to docs/interop.md. */
export const cellOf = (
  table: string,
  { name }: DtlsPeer,
  feature: string,
  direction: Direction,
): { meta: { cell: Cell } } => ({ meta: { cell: { table, peer: name, feature, direction } } });

/** The two tests of a scenario with a peer: our client with its server, and its client with our server. */
export function itTalks(peer: DtlsPeer, table: string, scenario: Scenario, certificateOf: Certificates): void {
  const { feature, mtu } = scenario;
  const both = { ...(mtu === undefined ? {} : { mtu }) };

  it(
    `${feature}: our client verifies its server, talks and says goodbye`,
    cellOf(table, peer, feature, 'we connect'),
    async ({ skip }) => {
      const reason = reasonAgainst(scenario, peer.name, 'we connect');
      if (reason !== undefined) skip(reason);
      const setup = setupOf(scenario, certificateOf);
      const server = await peer.startServer(setup);
      try {
        const pipe = await connectDtls({ ...clientOptions(setup, server.port), ...both });
        expectAgreed(pipe, setup);
        expectServer(pipe, setup);
        await exchange(pipe, 'hello from us\n', () => server.echoes('hello from us\n'));
        pipe.close();
        await server.closed();
      } finally {
        await server.stop();
      }
    },
  );

  it(
    `${feature}: its client verifies our server, talks and says goodbye`,
    cellOf(table, peer, feature, 'it connects'),
    async ({ skip }) => {
      const reason = reasonAgainst(scenario, peer.name, 'it connects');
      if (reason !== undefined) skip(reason);
      const setup = setupOf(scenario, certificateOf);
      const server = await listenDtls({ ...serverOptions(setup), ...both });
      const session = firstSession(server);
      const client = await peer.connect(server.address.port, setup);
      try {
        await client.shows('HELLO');
        expectAgreed(session.pipe(), setup);
        expectClient(session.pipe(), setup);
        await client.close();
        // A close in order has no reason.
        expect(await session.closed).toBeUndefined();
      } finally {
        await client.stop();
        await server.close();
      }
    },
  );
}
