import { type CoapMessage, Code, Type } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HOUR, MINUTE, setUp } from '../support/observing.ts';
import { ANNOUNCE, type RawClient } from '../support/raw-client.ts';
import { json } from '../support/upstream.ts';

const LIMITS = { maxObservations: 6, maxSessionObservations: 4, maxAddressSessions: 3, maxUnacknowledgedBytes: 900 };
const CLIENTS = 3;

const who = fc.nat(CLIENTS - 1);
const token = fc.integer({ min: 1, max: 3 });

/** Something that a client, the network, the homeserver or time does. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('register' as const),
      who,
      token,
      since: fc.nat(4),
      secret: fc.constantFrom('alice', 'bob'),
      observe: fc.constantFrom(0, 0, 0, 1, 2),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('ack' as const, 'reset' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('ping' as const, 'vanish' as const, 'end' as const), who }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), length: fc.nat(600) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stir' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      status: fc.constantFrom(200, 302, 400, 401, 404, 429, 500, 502),
      body: fc.oneof(fc.jsonValue(), fc.record({ next_batch: fc.string(), rooms: fc.jsonValue() })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 100, 5000, MINUTE, HOUR) }),
  },
);

it('property: whatever happens, nothing fails, every bound holds, and nothing is left of what has ended', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const { platform, homeserver, client, records, server } = setUp(LIMITS);
      const clients: RawClient[] = Array.from({ length: CLIENTS }, () => client());
      const last: (CoapMessage | undefined)[] = clients.map(() => undefined);
      for (const one of steps) {
        switch (one.kind) {
          case 'register':
            clients[one.who]!.register([`since=s${one.since}`], { ...one, options: [ANNOUNCE] });
            break;
          case 'ack':
          case 'reset': {
            const messageId = last[one.who]?.messageId;
            const type = one.kind === 'ack' ? Type.ACK : Type.RST;
            if (messageId !== undefined) clients[one.who]!.send({ type, code: Code.Empty, messageId });
            break;
          }
          case 'ping':
            clients[one.who]!.reachable = true;
            clients[one.who]!.send({ code: Code.Empty });
            break;
          case 'vanish':
            clients[one.who]!.reachable = false;
            break;
          case 'end':
            clients[one.who]!.end();
            clients[one.who] = client();
            break;
          case 'send':
            homeserver.send('x'.repeat(one.length));
            break;
          case 'stir':
            homeserver.stir();
            break;
          case 'answer':
            homeserver.instead.push(json(one.status, one.body));
            homeserver.stir();
            break;
          case 'wait':
            await platform.advance(one.ms);
        }
        await platform.advance(0);
        expect(homeserver.waiting).toBeLessThanOrEqual(LIMITS.maxObservations);
        clients.forEach((from, i) => {
          last[i] = from.received().findLast(({ type }) => type === Type.CON) ?? last[i];
        });
      }

      for (const one of clients) one.end();
      await platform.advance(0);
      const count = (event: string) => records.filter((record) => record.event === event).length;
      expect(count('ended')).toBe(count('registered'));
      expect(homeserver.waiting).toBe(0);
      homeserver.instead.length = 0;
      // Every place and every byte is free again.
      const fresh = [client(), client()];
      for (const one of fresh) {
        for (const id of [1, 2, 3]) {
          one.register([`since=s${homeserver.position}`, `filter=${id}`], { token: id, options: [ANNOUNCE] });
        }
        await platform.advance(0);
        expect(one.received().map(({ code }) => code)).toEqual([Code.Content, Code.Content, Code.Content]);
      }
      fresh[0]!.register(['filter=4'], { token: 4, options: [ANNOUNCE] });
      await platform.advance(0);
      expect(fresh[0]!.received().map(({ code }) => code)).toEqual([Code.ServiceUnavailable]);
      homeserver.send('x');
      for (const one of fresh) {
        for (let i = 0; i < 3; i++) {
          await platform.advance(0);
          const [push] = one.received();
          expect(push!.code).toBe(Code.Content);
          one.ack(push!);
        }
      }
      await server.close({ graceful: 0 });
      homeserver.targets();
      await platform.advance(25 * HOUR);
      expect([homeserver.targets(), homeserver.waiting]).toEqual([[], 0]);
    }),
    { seed: 7641, numRuns: 300 },
  );
}, 60_000);
