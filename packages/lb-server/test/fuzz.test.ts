import { Code, encodeMessage, OptionNumber, stringOption, Type, uintOption } from '@lb-matrix/coap-codec';
import { encodeJson, keyTable } from '@lb-matrix/lb-cbor-keys';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { testServer, within } from './support/link.ts';
import { json, scriptedUpstream } from './support/upstream.ts';

const send = {
  type: Type.CON,
  messageId: 1,
  token: Uint8Array.of(1),
  code: Code.PUT,
  options: [
    ...['9', '!room:example.org', 'm.room.message', 'txn'].map((part) => stringOption(OptionNumber.UriPath, part)),
    uintOption(OptionNumber.ContentFormat, 60),
    stringOption(OptionNumber.Authorization, 'syt_token'),
    uintOption(OptionNumber.CborKeys, 1),
    uintOption(65_002, 16),
  ],
  payload: encodeJson('{"msgtype":"m.text","body":"Hello World"}', { keys: keyTable(1) }),
};

const seeds = [
  encodeMessage(send),
  encodeMessage({
    ...send,
    options: [...send.options, uintOption(OptionNumber.Block1, 0x0e)],
    payload: new Uint8Array(1024),
  }),
  encodeMessage({
    ...send,
    code: Code.GET,
    options: [
      stringOption(OptionNumber.UriPath, '7'),
      stringOption(OptionNumber.UriQuery, 'timeout=30000'),
      uintOption(OptionNumber.Observe, 0),
      uintOption(OptionNumber.Block2, 0x06),
    ],
    payload: new Uint8Array(0),
  }),
];

/** One of the seeds with some bytes changed, inserted or cut off. */
const mutated = fc
  .record({
    seed: fc.nat(seeds.length - 1),
    changes: fc.array(fc.tuple(fc.nat(1100), fc.nat(255)), { maxLength: 8 }),
    insert: fc.option(fc.tuple(fc.nat(80), fc.uint8Array({ maxLength: 20 }))),
    cut: fc.option(fc.nat(120)),
  })
  .map(({ seed, changes, insert, cut }) => {
    const bytes = [...seeds[seed]!];
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    if (insert !== null) bytes.splice(insert[0], 0, ...insert[1]);
    return Uint8Array.from(cut === null ? bytes : bytes.slice(0, cut));
  });

it('after any datagrams at all, a good request is answered', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(mutated, { minLength: 1, maxLength: 30 }), async (datagrams) => {
      const { upstream, requests } = scriptedUpstream(() => json(200, { user_id: '@a:x' }));
      const errors: unknown[] = [];
      const { platform, session } = testServer({ upstream, onError: (error) => errors.push(error) });
      const { pipe, ask } = session();
      for (const datagram of datagrams) pipe.onDatagram?.(datagram, platform.now());
      await platform.advance(100);
      for (const { method, target } of requests) {
        expect(target).toMatch(/^\/_matrix\/client\/[!-~]+$/);
        expect(['GET', 'POST', 'PUT', 'DELETE']).toContain(method);
      }
      // The client's tokens and Message IDs are its own: whatever the mutants have used up, it finds others.
      const got = await within(platform, 60_000, ask('GET', '/_matrix/client/v3/account/whoami', { token: 't' }));
      expect(got).toMatchObject({ status: 200, json: { user_id: '@a:x' } });
      expect(errors).toEqual([]);
    }),
    { seed: 3079, numRuns: 300 },
  );
}, 60_000);
