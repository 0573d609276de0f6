import { blockOption } from '@lb-matrix/blockwise';
import { type CoapOption, Code, encodeMessage, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EndpointError, sharedState } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import { bodyOf, content, fromHex, get, NONE, path } from './support/messages.ts';

const CLOSED = new EndpointError('closed', 'closed_here', '');

/** Options that matter to observations and blocks, whole or broken. */
const options: fc.Arbitrary<CoapOption[]> = fc
  .tuple(
    fc.option(fc.oneof(fc.nat(3), fc.nat(0xff_ffff)), { freq: 4, nil: undefined }),
    fc.option(fc.record({ num: fc.nat(3), more: fc.boolean(), szx: fc.nat(2) }), { freq: 2, nil: undefined }),
    fc.option(fc.nat(200), { freq: 2, nil: undefined }),
    fc.option(fc.nat(3), { freq: 2, nil: undefined }),
    fc.option(
      fc.record({
        number: fc.constantFrom(OptionNumber.NoResponse, OptionNumber.Echo, OptionNumber.Observe, 65_001),
        value: fc.uint8Array({ maxLength: 5 }),
      }),
      { freq: 2, nil: undefined },
    ),
  )
  .map(([observe, block, maxAge, etag, other]) => [
    ...(observe === undefined ? [] : [uintOption(OptionNumber.Observe, observe)]),
    ...path('obs'),
    ...(block === undefined ? [] : [blockOption(OptionNumber.Block2, block)]),
    ...(maxAge === undefined ? [] : [uintOption(OptionNumber.MaxAge, maxAge)]),
    ...(etag === undefined ? [] : [{ number: OptionNumber.ETag, value: Uint8Array.of(etag) }]),
    ...(other === undefined ? [] : [other]),
  ]);

const message: fc.Arbitrary<Uint8Array> = fc
  .record({
    type: fc.constantFrom(Type.CON, Type.NON, Type.ACK),
    code: fc.constantFrom(
      Code.GET,
      Code.GET,
      Code.Content,
      Code.Content,
      Code.Content,
      Code.Valid,
      Code.NotFound,
      Code.Unauthorized,
    ),
    messageId: fc.nat(9),
    token: fc.nat(5).map((n) => Uint8Array.of(0, 0, 0, n)),
    options,
    payload: fc.constantFrom(0, 16, 32, 64, 5).map((n) => bodyOf(n)),
  })
  // A request in an ACK is no message.
  .map((parts) =>
    encodeMessage(parts.code === Code.GET && parts.type === Type.ACK ? { ...parts, type: Type.CON } : parts),
  );
const empty = fc
  .record({ type: fc.constantFrom(0, 2, 2, 3), messageId: fc.nat(9) })
  .map(({ type, messageId }) => Uint8Array.of(0x40 | (type << 4), 0, 0, messageId));
const mutated = fc.tuple(message, fc.nat(60), fc.nat(255)).map(([bytes, at, value]) => {
  const copy = new Uint8Array(bytes);
  copy[at % copy.length] = value;
  return copy;
});
const noise = fc.oneof(message, message, empty, mutated);
const pause = fc.oneof(fc.constant(0), fc.nat(3000), fc.nat(100_000));

describe('whatever a peer sends about observations', () => {
  it('a server keeps within its limits, establishes and ends each observation once and settles each notification once', () => {
    const step = fc.record({
      bytes: noise,
      pause,
      accept: fc.boolean(),
      late: fc.boolean(),
      notify: fc.constantFrom('CON', 'NON', 'park', 'error', 'end', undefined),
      size: fc.constantFrom(3, 700, 3000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const shared = sharedState({ maxPeerBytes: 8000, maxTotalBytes: 8000 }, 1000, 3);
        const server = new Engine({ server: { shared, maxRequests: 5 } });
        server.maxPayload = 250;
        const open = new Set<number>();
        const established: number[] = [];
        const ended: number[] = [];
        const notifications: number[] = [];
        const settled: number[] = [];
        const collect = (accept: boolean, late: boolean) => {
          for (const event of server.events()) {
            if (event.kind === 'notified') settled.push(event.id);
            else if (event.kind === 'established') established.push(event.id);
            else if (event.kind === 'unobserved') {
              ended.push(event.id);
              expect(open.delete(event.id)).toBe(true);
            } else if (event.kind === 'request') {
              const id = accept ? server.endpoint.accept(event.id, server.now) : undefined;
              if (id !== undefined) open.add(id);
              if (late) server.acknowledge(event.id);
              server.respond(event.id, content(bodyOf(event.payload.length * 9)));
            }
          }
          expect(shared.observations.used).toBeLessThanOrEqual(3);
          expect(shared.transfers.bytes).toBeLessThanOrEqual(8000);
        };
        for (const { bytes, pause, accept, late, notify, size } of steps) {
          server.now += 1;
          server.receive(bytes);
          collect(accept, late);
          for (const id of notify === undefined ? [] : open) {
            if (notify === 'end') server.endpoint.unobserve(id, undefined, server.now);
            else {
              const response = { ...content(bodyOf(size)), code: notify === 'error' ? Code.NotFound : Code.Content };
              const wishes = { confirmable: notify !== 'NON', park: notify === 'park' };
              notifications.push(server.endpoint.notify(id, response, wishes, server.now));
            }
          }
          collect(accept, late);
          server.pass(pause);
          collect(accept, late);
        }
        server.endpoint.close(CLOSED, server.now);
        collect(false, false);
        expect(open.size).toBe(0);
        expect(new Set(ended).size).toBe(ended.length);
        expect(established.toSorted((a, b) => a - b)).toEqual(ended.toSorted((a, b) => a - b));
        expect(settled.toSorted((a, b) => a - b)).toEqual(notifications);
        expect(shared.observations.used).toBe(0);
        expect(shared.transfers.bytes).toBe(0);
      }),
      { seed: 76411, numRuns: 500 },
    );
  });

  it('a client ends each observation once, and keeps nothing of it', () => {
    const step = fc.record({ bytes: noise, pause, consume: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, acknowledgeConsumed) => {
        const client = new Engine({ maxBodyBytes: 3000, maxDuplicates: 20 });
        client.maxPayload = 250;
        const ids = [client.observe(get('obs'), { acknowledgeConsumed }), client.observe(get('b'))];
        client.sent();
        const ends: number[] = [];
        const collect = () => {
          for (const event of client.events()) {
            if (event.kind === 'failed' || (event.kind === 'notification' && event.last)) ends.push(event.id);
            else expect(event.kind).toBe('notification');
          }
        };
        for (const { bytes, pause, consume } of steps) {
          client.receive(bytes);
          client.pass(pause);
          collect();
          if (consume) client.endpoint.consume(ids[0]!);
        }
        // Without a server, all that is left fails at the latest when it has to be registered again.
        client.pass(20_000_000);
        collect();
        expect(ends.toSorted((a, b) => a - b)).toEqual(ids);
        expect(client.endpoint.pollTimeout()).toBeUndefined();
      }),
      { seed: 76412, numRuns: 500 },
    );
  });

  it('a client and a server stay in step over a network that damages datagrams', () => {
    const step = fc.record({
      at: fc.nat(80),
      bit: fc.nat(7),
      damage: fc.nat(3),
      size: fc.constantFrom(3, 700),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const server = new Engine({ server: {} });
        const client = new Engine();
        server.maxPayload = client.maxPayload = 250;
        let observation: number | undefined;
        let state = content(bodyOf(3));
        let latest: Uint8Array = NONE;
        let failed = false;
        let i = 0;
        const carry = () => {
          for (let quiet = false; !quiet; ) {
            quiet = true;
            for (const [from, to] of [
              [client, server],
              [server, client],
            ] as const) {
              for (const hex of from.sent()) {
                quiet = false;
                const bytes = fromHex(hex);
                const { damage, at, bit } = steps[i++ % steps.length]!;
                if (damage === 0 && i < 200) bytes[at % bytes.length]! ^= 1 << bit;
                to.endpoint.receive(bytes, to.now);
              }
            }
            for (const event of server.events()) {
              if (event.kind === 'unobserved') observation = undefined;
              if (event.kind !== 'request') continue;
              const id = server.endpoint.accept(event.id, server.now);
              if (id !== undefined) observation = id;
              server.endpoint.respond(event.id, state, server.now);
            }
            for (const event of client.events()) {
              if (event.kind === 'failed' || (event.kind === 'notification' && event.last)) failed = true;
              if (event.kind === 'notification') latest = event.response.payload;
            }
          }
        };
        const wait = (ms: number) => {
          const end = client.now + ms;
          while (client.now < end) {
            client.now = server.now = client.now + 500;
            client.endpoint.handleTimeout(client.now);
            server.endpoint.handleTimeout(server.now);
            carry();
          }
        };
        client.observe(get('obs'));
        carry();
        for (const [n, { size }] of steps.entries()) {
          state = content(bodyOf(size, n));
          if (observation !== undefined) server.endpoint.notify(observation, state, {}, server.now);
          carry();
          wait(1000);
        }
        // With nothing damaged any more the client has the latest state, or knows that it has none.
        i = 200;
        wait(200_000);
        if (!failed) expect(latest).toEqual(state.payload);
      }),
      { seed: 76413, numRuns: 60 },
    );
  });
});
