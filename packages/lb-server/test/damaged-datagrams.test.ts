import { connect } from '@lb-matrix/coap-endpoint';
import { createLowBandwidthServer } from '@lb-matrix/lb-server';
import { createClientSession, mapperOptionRegistry, requestToCoap, responseToHttp } from '@lb-matrix/msc3079-mapper';
import { VirtualTime } from '@lb-matrix/virtual-network';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dtlsLink } from './support/dtls-link.ts';
import { within } from './support/link.ts';
import { json, parse, scriptedUpstream } from './support/upstream.ts';

const ROOMS = Array.from({ length: 100 }, (_, room) => `!room${room}:example.org`);

/** Which datagrams are damaged, at which byte and how. */
const damages = fc.array(
  fc.record({ datagram: fc.nat(40), at: fc.nat(2_000), flip: fc.integer({ min: 1, max: 255 }) }),
  { minLength: 1, maxLength: 6 },
);

it('a damaged datagram costs its own drop and no more, from the DTLS handshake to the answer in blocks', async () => {
  await fc.assert(
    fc.asyncProperty(damages, async (list) => {
      const platform = new VirtualTime();
      const { upstream, requests } = scriptedUpstream(() => json(200, { joined_rooms: ROOMS }));
      const errors: unknown[] = [];
      const server = createLowBandwidthServer({
        platform,
        dtlsPort: 8448,
        upstream,
        onError: (error) => errors.push(error),
      });
      let sent = 0;
      // In DTLS 1.3 a ClientHello that makes no sense any more is answered by an alert, which ends the handshake.
      const dtls = { client: { versions: ['1.2'] } } as const;
      const damage = (datagram: Uint8Array) => {
        const number = sent++;
        const how = list.find((each) => each.datagram === number);
        if (how === undefined) return [datagram];
        const damaged = datagram.slice();
        damaged[how.at % damaged.length]! ^= how.flip;
        return [damaged];
      };
      const link = dtlsLink(platform, damage, dtls);
      server.serve(link.listener);
      await within(platform, 120_000, link.whenConnected);

      const client = connect(link.near, { platform, optionRegistry: mapperOptionRegistry });
      const session = createClientSession({});
      for (let round = 0; round < 3; round++) {
        const headers = [['authorization', 'Bearer secret']] as const;
        const request = requestToCoap({ method: 'GET', target: '/_matrix/client/v3/joined_rooms', headers }, session);
        const answer = await within(platform, 300_000, client.request(request));
        const { status, body } = responseToHttp(answer, request, session);
        expect(status).toBe(200);
        expect(parse(body)).toEqual({ joined_rooms: ROOMS });
      }
      // Nothing was executed twice, and nothing else was.
      expect(requests.map(({ target }) => target)).toEqual(Array(3).fill('/_matrix/client/v3/joined_rooms'));
      expect(errors).toEqual([]);
      expect(link.engine.stats()).toMatchObject({ peers: 1, handshakes: 0, connected: 1 });
    }),
    { seed: 3079, numRuns: 150 },
  );
}, 60_000);
