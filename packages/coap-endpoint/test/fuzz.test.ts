import { blockOption } from '@lb-matrix/blockwise';
import { type CoapOption, Code, encodeMessage, OptionNumber, Type } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EndpointError, sharedState } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import { bodyOf, content, get, put } from './support/messages.ts';

/** Options as a peer may send them, whole or broken. */
const options: fc.Arbitrary<CoapOption[]> = fc.array(
  fc.oneof(
    fc.record({
      number: fc.constantFrom(...Object.values(OptionNumber), 65_001, 65_002),
      value: fc.uint8Array({ maxLength: 6 }),
    }),
    fc
      .record({
        number: fc.constantFrom(OptionNumber.Block1, OptionNumber.Block2),
        num: fc.nat(5),
        more: fc.boolean(),
        szx: fc.nat(6),
      })
      .map(({ number, ...block }) => blockOption(number, block)),
  ),
  { maxLength: 4 },
);

/** Messages that decode, with Message IDs and tokens that often match something. */
const message: fc.Arbitrary<Uint8Array> = fc
  .record({
    type: fc.constantFrom(Type.CON, Type.NON, Type.ACK),
    code: fc.constantFrom(
      Code.GET,
      Code.PUT,
      Code.POST,
      Code.Content,
      Code.Changed,
      Code.Continue,
      Code.RequestEntityTooLarge,
      0xe1,
    ),
    messageId: fc.nat(6),
    token: fc.oneof(
      fc.nat(6).map((n) => Uint8Array.of(0, 0, 0, n)),
      fc.uint8Array({ maxLength: 8 }),
    ),
    options,
    payload: fc.oneof(fc.constantFrom(0, 16, 32, 64, 128), fc.nat(300)).map((n) => bodyOf(n)),
  })
  .map(encodeMessage);

const empty = fc
  .record({ type: fc.constantFrom(0, 1, 2, 3), messageId: fc.nat(6) })
  .map(({ type, messageId }) => Uint8Array.of(0x40 | (type << 4), 0, 0, messageId));

const mutated = fc.tuple(message, fc.nat(200), fc.nat(255)).map(([bytes, at, value]) => {
  const copy = new Uint8Array(bytes);
  copy[at % copy.length] = value;
  return copy;
});

const noise: fc.Arbitrary<Uint8Array> = fc.oneof(message, message, empty, mutated, fc.uint8Array({ maxLength: 60 }));
const step = fc.record({ bytes: noise, pause: fc.oneof(fc.constant(0), fc.nat(3000), fc.nat(100_000)) });

describe('whatever a peer sends', () => {
  it('a server holds no more than its limits, keeps within datagrams, and lets go of all of it', () => {
    const limits = { maxBodyBytes: 2000, maxPeerBytes: 6000, maxTotalBytes: 12_000, maxPeerBodies: 4 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(100, 250, 1200), (steps, maxPayload) => {
        const shared = sharedState(limits, 30);
        const server = new Engine({ maxDuplicates: 20, server: { shared, maxRequests: 5 } });
        server.maxPayload = maxPayload;
        const open: number[] = [];
        for (const { bytes, pause } of steps) {
          server.now += 1;
          server.receive(bytes);
          for (const event of server.events()) if (event.kind === 'request') open.push(event.id);
          expect(open.length).toBeLessThanOrEqual(5);
          expect(shared.transfers.bytes).toBeLessThanOrEqual(limits.maxTotalBytes);
          expect(shared.duplicates.used).toBeLessThanOrEqual(20);
          if (open.length > 3) for (const id of open.splice(0)) server.respond(id, content(bodyOf(700)));
          server.pass(pause);
        }
        for (const id of open) server.respond(id, content('end'));
        server.pass(400_000);
        server.sent();
        shared.transfers.expire(server.now);
        expect(server.endpoint.idle).toBe(true);
        expect(server.endpoint.pollTimeout()).toBeUndefined();
        expect(shared.transfers.bytes).toBe(0);
        expect(shared.duplicates.used).toBe(0);
        server.endpoint.close(new EndpointError('closed', 'closed_here', ''), server.now);
      }),
      { seed: 72521, numRuns: 400 },
    );
  });

  it('a client finishes each request exactly once, within its limits', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const client = new Engine({ maxBodyBytes: 3000, transmission: { nstart: 2 } });
        client.maxPayload = 250;
        const ids = [get('a'), get('a'), put(bodyOf(900), 'b'), { ...get('c'), confirmable: false }].map((r) =>
          client.request(r),
        );
        ids.push(client.endpoint.ping(0));
        client.sent();
        const ends: number[] = [];
        const collect = () => {
          for (const event of client.events()) {
            if (event.kind === 'response' || event.kind === 'failed' || event.kind === 'pong') ends.push(event.id);
            else expect(event.kind).toBe('progress');
          }
        };
        for (const { bytes, pause } of steps) {
          client.receive(bytes);
          client.pass(pause);
          collect();
        }
        client.pass(20_000_000);
        collect();
        expect([...ends].sort()).toEqual(ids);
        expect(client.endpoint.pollTimeout()).toBeUndefined();
      }),
      { seed: 72522, numRuns: 400 },
    );
  });
});
