import { findBlock } from '@lb-matrix/blockwise';
import { Code, encodeMessage, findOption, OptionNumber, Type } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Allowance } from '../src/allowance.ts';
import type { CoapResponse } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import { bodyOf, content, datagram, fromHex, get, NONE, parse, path, put, text } from './support/messages.ts';
import { pair } from './support/pair.ts';
import { seededBytes } from './support/random.ts';

/** IPv4 and UDP. */
const HEADERS = 28;
const unproven = () => new Engine({ randomBytes: seededBytes(5), server: { validated: () => false } });
const ask = (messageId: number, echo?: Uint8Array, code: number = Code.GET) =>
  datagram({
    code,
    messageId,
    options: [...path('a'), ...(echo === undefined ? [] : [{ number: OptionNumber.Echo, value: echo }])],
  });
const echoOf = (hex: string | undefined) => findOption(parse(fromHex(hex ?? '')).options, OptionNumber.Echo)?.value;
const respond = (server: Engine, response: CoapResponse) => server.respond(server.request1().id, response);

describe('a peer that has not shown where it is (RFC 9175 section 2.4)', () => {
  it('gets a small answer as it is', () => {
    const server = unproven();
    server.receive(ask(1));
    expect(respond(server, content('ok'))).toEqual(['6145000177ff6f6b']);
  });

  it('gets a large one in small blocks, with an Echo option; once that comes back, in large ones', () => {
    const server = unproven();
    server.receive(ask(1));
    const [first] = respond(server, content(bodyOf(5000)));
    // 35 bytes came, 105 may go, headers included.
    expect(first!.length / 2 + HEADERS).toBeLessThanOrEqual(3 * (ask(1).length + HEADERS));
    expect(findBlock(parse(fromHex(first!)).options, OptionNumber.Block2)).toEqual({ num: 0, more: true, szx: 1 });
    const echo = echoOf(first);
    expect(echo).toHaveLength(8);
    server.receive(ask(2, echo));
    const [second] = respond(server, content(bodyOf(5000)));
    expect(findBlock(parse(fromHex(second!)).options, OptionNumber.Block2)).toEqual({ num: 0, more: true, szx: 6 });
    expect(echoOf(second)).toBeUndefined();
  });

  it('has shown nothing with another value', () => {
    const server = unproven();
    server.receive(ask(1));
    const echo = echoOf(respond(server, content(bodyOf(5000)))[0])!;
    for (const [i, wrong] of [Uint8Array.of(1), echo.slice(1), echo.map((byte) => byte ^ 1)].entries()) {
      server.receive(ask(2 + i, wrong));
      expect(echoOf(respond(server, content(bodyOf(5000)))[0])).toEqual(echo);
    }
  });

  it('is asked again (4.01) when not even a small block is allowed; after an unsafe method it gets the code', () => {
    const options = path('x'.repeat(200));
    for (const [method, code] of [
      [Code.GET, Code.Unauthorized],
      [Code.POST, Code.Changed],
    ] as const) {
      const server = unproven();
      server.receive(ask(1, undefined, method));
      const [answer] = respond(server, { code: Code.Changed, options, payload: bodyOf(500) });
      const message = parse(fromHex(answer!));
      expect([message.code, message.type, message.payload]).toEqual([code, Type.ACK, NONE]);
      server.receive(ask(2, echoOf(answer), method));
      expect(parse(fromHex(respond(server, content(bodyOf(500)))[0]!)).payload).toHaveLength(500);
    }
  });

  it('is nobody whom the pipe knows', () => {
    let validated = false;
    const allowance = new Allowance(() => validated, seededBytes(1));
    expect([allowance.limited, allowance.room, allowance.take(1)]).toEqual([true, 0, false]);
    validated = true;
    expect([allowance.limited, allowance.room, allowance.take(1)]).toEqual([false, Number.POSITIVE_INFINITY, true]);
    // Once is enough.
    validated = false;
    expect(allowance.limited).toBe(false);
  });

  it('is sent nothing beyond three times what came, whatever came and whatever is to be said', () => {
    const step = fc.record({
      type: fc.constantFrom(Type.CON, Type.NON),
      length: fc.nat(200),
      observe: fc.boolean(),
      answer: fc.nat(3000),
      pause: fc.constantFrom(0, 0, 300, 40_000),
      late: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const server = unproven();
        let came = 0;
        let went = 0;
        const count = (datagrams: string[]) => {
          for (const hex of datagrams) went += hex.length / 2 + HEADERS;
          expect(went).toBeLessThanOrEqual(3 * came);
        };
        let observation: number | undefined;
        steps.forEach(({ type, length, observe, answer, pause, late }, i) => {
          const options = [...(observe ? [{ number: OptionNumber.Observe, value: NONE }] : []), ...path('a')];
          const request = datagram({ type, code: Code.GET, messageId: i, options, payload: bodyOf(length) });
          came += request.length + HEADERS;
          count(server.receive(request));
          for (const event of server.events()) {
            if (event.kind !== 'request') continue;
            if (event.observe) observation = server.endpoint.accept(event.id, server.now);
            if (late) count(server.acknowledge(event.id));
            count(server.respond(event.id, content(bodyOf(answer))));
          }
          if (observation !== undefined) count(server.notify(observation, content(bodyOf(answer, 2))));
          count(server.pass(pause).map(([, hex]) => hex));
        });
      }),
      { seed: 9175, numRuns: 300 },
    );
  });
});

describe('a client', () => {
  it('asks for large blocks as soon as it has shown where it is', async () => {
    const { time, link, client } = pair(() => content(bodyOf(5000)), { validated: false });
    expect((await time.until(client.request(get('a')))).payload).toEqual(bodyOf(5000));
    // One round trip more than the five blocks.
    expect(link.log).toHaveLength(12);
    await time.until(client.request(get('b')));
    expect(link.log).toHaveLength(22);
  });

  it('follows small blocks where the caller wished for a size, and uploads and observes as ever', async () => {
    const { time, client } = pair(
      (request) => {
        request.observe()?.notify(content(bodyOf(3000)));
        return content(bodyOf(700 + request.payload.length));
      },
      { validated: false },
    );
    const options = [...get('a').options, { number: OptionNumber.Block2, value: Uint8Array.of(6) }];
    expect((await time.until(client.request({ code: Code.GET, options }))).payload).toEqual(bodyOf(700));
    expect((await time.until(client.request(put(bodyOf(5000), 'a')))).payload).toEqual(bodyOf(5700));
    const states = client.observe(get('b'));
    const lengths = [(await time.until(states.next())).value, (await time.until(states.next())).value];
    expect(lengths.map((state) => state?.payload.length)).toEqual([700, 3000]);
  });

  it('asks for large blocks once only: some servers send small ones whatever they know', () => {
    const client = new Engine();
    client.request(get('a'));
    let [hex] = client.sent();
    const asked = [0, 1].map(() => {
      const options = [
        { number: OptionNumber.Block2, value: Uint8Array.of(8 + 2) },
        { number: OptionNumber.Echo, value: Uint8Array.of(1) },
      ];
      const request = parse(fromHex(hex!));
      const response = { ...request, type: Type.ACK, code: Code.Content, options, payload: bodyOf(64) };
      [hex] = client.receive(encodeMessage(response));
      return findBlock(parse(fromHex(hex!)).options, OptionNumber.Block2);
    });
    expect(asked).toEqual([undefined, { num: 1, more: false, szx: 2 }]);
  });

  it('repeats a request that is answered 4.01 with an Echo option, once, with its value (RFC 9175 section 2.3)', () => {
    const client = new Engine();
    client.request(put(text('x'), 'a'));
    const [first] = client.sent();
    const refuse = (hex: string, value: number) =>
      client.receive(
        encodeMessage({
          ...parse(fromHex(hex)),
          type: Type.ACK,
          code: Code.Unauthorized,
          options: [{ number: OptionNumber.Echo, value: Uint8Array.of(value) }],
          payload: NONE,
        }),
      );
    const [second] = refuse(first!, 7);
    expect(parse(fromHex(second!))).toMatchObject({
      type: Type.CON,
      code: Code.PUT,
      messageId: 1,
      options: [...path('a'), { number: OptionNumber.Echo, value: Uint8Array.of(7) }],
      payload: text('x'),
    });
    expect(refuse(second!, 8)).toEqual([]);
    expect(client.events()).toMatchObject([{ kind: 'response', response: { code: Code.Unauthorized } }]);
    // The newest value goes with the next request, and with no other.
    client.request(get('b'));
    const [third] = client.sent();
    expect(echoOf(third)).toEqual(Uint8Array.of(8));
    client.receive(encodeMessage({ ...parse(fromHex(third!)), type: Type.ACK, code: Code.Content, options: [] }));
    client.request(get('c'));
    expect(echoOf(client.sent()[0])).toBeUndefined();
  });
});
