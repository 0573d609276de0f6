import { type CoapOption, Code, OptionNumber } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientTransfer, contentETag, fits, type MessagePart, type Room, ServerTransfers } from '../src/index.ts';
import { bodyOf, part, path, run, serve, WIDE } from './support.ts';

const rooms = fc.record({ maxMessageBytes: fc.integer({ min: 64, max: 1500 }), tokenLength: fc.nat(8) });
/** Compares bodies without the element by element walk of `toEqual`. */
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const methods = fc.constantFrom(Code.GET, Code.POST, Code.PUT, Code.FETCH);

describe('client and server together', () => {
  it('carry any body both ways over any datagrams, each message within its room', () => {
    const size = fc.nat(5000);
    fc.assert(
      fc.property(methods, size, size, rooms, rooms, (code, up, down, clientRoom, serverRoom) => {
        let calls = 0;
        const respond = serve(
          new ServerTransfers(),
          (request) => {
            calls++;
            expect(same(request.payload, bodyOf(up, 3))).toBe(true);
            return part(Code.Content, [], bodyOf(down, 5));
          },
          // The answers echo the client's token.
          { room: { ...serverRoom, tokenLength: clientRoom.tokenLength } },
        );
        const { last, log } = run(new ClientTransfer(part(code, path('p'), bodyOf(up, 3))), respond, clientRoom);
        expect(last).toMatchObject({ kind: 'done', response: { code: Code.Content } });
        expect(last.kind === 'done' && same(last.response.payload, bodyOf(down, 5))).toBe(true);
        expect(calls).toBe(1);
        const answers = { ...serverRoom, tokenLength: clientRoom.tokenLength };
        const fitting = log.every(({ request, response }) => fits(request, clientRoom) && fits(response, answers));
        expect(fitting).toBe(true);
      }),
      { seed: 20261124, numRuns: 100 },
    );
  });

  it('carry 64 MiB, the default limit, and back', () => {
    const body = new Uint8Array(2 ** 26);
    for (let i = 0; i < body.length; i += 1021) body[i] = i;
    const respond = serve(new ServerTransfers(), (request) => part(Code.Changed, [], request.payload));
    let request = new ClientTransfer(part(Code.PUT, path('big'), body));
    const first = request.start(WIDE);
    let step = request.receive(respond(first), WIDE);
    while (step.kind === 'send') step = request.receive(respond(step.request), WIDE);
    expect(step.kind === 'done' && same(step.response.payload, body)).toBe(true);
    request = new ClientTransfer(part(Code.GET, path('big')), { maxBodyBytes: body.length - 1 });
    const large = serve(new ServerTransfers(), () => part(Code.Content, [], body));
    expect(request.receive(large(request.start(WIDE)), WIDE)).toMatchObject({
      error: { reason: 'peer_body_too_large' },
    });
  }, 30_000);
});

/** Options as a peer may send them: block and size options in any state, among others. */
const hostileOptions: fc.Arbitrary<CoapOption[]> = fc.array(
  fc.record({
    number: fc.constantFrom(
      OptionNumber.Block1,
      OptionNumber.Block2,
      OptionNumber.Size1,
      OptionNumber.Size2,
      OptionNumber.ETag,
      OptionNumber.UriPath,
    ),
    value: fc.uint8Array({ maxLength: 5 }),
  }),
  { maxLength: 5 },
);
const hostileRoom: Room = { maxMessageBytes: 600, tokenLength: 2 };

describe('a hostile peer', () => {
  it('can send a server any requests: it answers, and what it holds stays bounded', () => {
    const limits = { maxBodyBytes: 4000, maxPeerBytes: 8000, maxTotalBytes: 20_000, maxPeerBodies: 4 };
    const request = fc.record({
      peer: fc.nat(5),
      code: methods,
      options: hostileOptions,
      payload: fc.oneof(fc.constantFrom(16, 32, 64, 1024), fc.nat(1100)).map((n) => new Uint8Array(n)),
    });
    const peers = Array.from({ length: 6 }, (_, id) => ({ id }));
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
        const server = new ServerTransfers(limits);
        requests.forEach(({ peer, ...message }, now) => {
          const again = server.continues(peers[peer]!, message);
          const arrival = server.receive(peers[peer]!, message, hostileRoom, now);
          const answer =
            arrival.kind === 'answer'
              ? arrival.response
              : server.respond(
                  arrival.ticket,
                  part(Code.Content, [], bodyOf(message.payload.length * 3)),
                  hostileRoom,
                  now,
                );
          expect(fits(answer, hostileRoom)).toBe(true);
          if (again) expect(arrival.kind).toBe('answer');
          expect(server.bytes).toBeLessThanOrEqual(limits.maxTotalBytes);
        });
        for (const peer of peers) server.forget(peer);
        expect(server.bytes).toBe(0);
        expect(server.nextExpiry()).toBeUndefined();
      }),
      { seed: 79591, numRuns: 500 },
    );
  });

  it('can send a client any responses: it ends, or goes on within its limits', () => {
    const response: fc.Arbitrary<MessagePart> = fc.record({
      code: fc.constantFrom(
        Code.Content,
        Code.Changed,
        Code.Continue,
        Code.RequestEntityIncomplete,
        Code.RequestEntityTooLarge,
        Code.NotFound,
      ),
      options: hostileOptions,
      payload: fc.oneof(fc.constantFrom(16, 32, 64, 1024), fc.nat(1100)).map((n) => new Uint8Array(n)),
    });
    fc.assert(
      fc.property(methods, fc.nat(3000), fc.array(response, { maxLength: 30 }), (code, length, responses) => {
        const transfer = new ClientTransfer(part(code, path('p'), bodyOf(length)), { maxBodyBytes: 4000 });
        transfer.start(hostileRoom);
        for (const message of responses) {
          const step = transfer.receive(message, hostileRoom);
          expect(transfer.received).toBeLessThanOrEqual(4000);
          if (step.kind !== 'send') return;
          expect(fits(step.request, hostileRoom)).toBe(true);
        }
      }),
      { seed: 79592, numRuns: 500 },
    );
  });
});

describe('the ETag of a body', () => {
  it.each([
    ['', '00000000'],
    ['abcd', '43ed676a'],
    ['Hello, world!', 'c0363e43'],
    ['The quick brown fox jumps over the lazy dog', '2e4ff723'],
  ])('of "%s" is MurmurHash3: %s', (text, expected) => {
    expect(Buffer.from(contentETag(new TextEncoder().encode(text))).toString('hex')).toBe(expected);
  });

  it('is that of the bytes, wherever they stand in their buffer', () => {
    const bytes = bodyOf(23);
    const shifted = new Uint8Array(30);
    shifted.set(bytes, 3);
    expect(contentETag(shifted.subarray(3, 26))).toEqual(contentETag(bytes));
  });
});
