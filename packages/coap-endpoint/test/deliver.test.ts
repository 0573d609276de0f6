/** What a server learns of what it pushes: of the answer to a registration, of large bodies, of clients that are gone. */
import { blockOption, findBlock } from '@lb-matrix/blockwise';
import { Code, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import type { CoapResponse, NotificationOutcome, Observation } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import type { Sent } from './support/link.ts';
import { bodyOf, content, datagram, fromHex, get, NONE, parse, path, text } from './support/messages.ts';
import { type PairOptions, pair } from './support/pair.ts';

const registration = (messageId: number, token = 0x77) =>
  datagram({
    code: Code.GET,
    messageId,
    token: Uint8Array.of(token),
    options: [uintOption(OptionNumber.Observe, 0), ...path('obs')],
  });
const ask = (num: number, messageId: number) =>
  datagram({
    code: Code.GET,
    messageId,
    token: Uint8Array.of(0x99),
    options: [...path('obs'), blockOption(OptionNumber.Block2, { num, more: false, szx: 6 })],
  });
const acknowledgement = (messageId: number) => datagram({ type: Type.ACK, code: 0, messageId, token: NONE });
const outcomes = (engine: Engine): (string | string[])[] =>
  engine.events().flatMap((event): (string | string[])[] => {
    if ('outcome' in event) return [event.outcome];
    return 'reason' in event ? [[event.reason]] : [];
  });
const times = (log: [number, string][]) => log.map(([at]) => at);

/** A client that observes at a server, with a network between them, and what the server has pushed. */
function pushing(options: PairOptions & { separate?: boolean } = {}) {
  const observations: Observation[] = [];
  const all = pair((request) => {
    if (options.separate) request.acknowledge();
    const observation = request.observe();
    if (observation !== undefined) observations.push(observation);
    return content('0');
  }, options);
  /** The first blocks of what was pushed, and pushed again. */
  const pushes = (from: Sent['from'] = 'server') =>
    all.link.log.filter(({ from: by, message }) => by === from && message?.type === Type.CON && message.code >= 64);
  return { ...all, observations, pushes };
}

describe('a body in blocks whose first is a CON', () => {
  function fetched(): Engine {
    const server = new Engine({ server: {} });
    server.notify(server.register(registration(5), content('a')), content(bodyOf(20_000)));
    return server;
  }

  it('is not sent again while the others are asked for, and is settled by the ACK', () => {
    const server = fetched();
    for (let num = 1; num < 20; num++) {
      expect(server.pass(1900)).toEqual([]);
      expect(server.receive(ask(num, 100 + num))).toHaveLength(1);
    }
    expect(outcomes(server)).toEqual([]);
    server.receive(acknowledgement(0));
    expect(outcomes(server)).toEqual(['acknowledged']);
    expect(server.pass(200_000)).toEqual([]);
  });

  it('is sent again, in longer and longer waits, when no more is asked for, and is lost after EXCHANGE_LIFETIME', () => {
    const server = fetched();
    server.pass(1000);
    server.receive(ask(1, 101));
    const log = server.pass(246_999);
    expect(times(log)).toEqual([9000, 25_000, 57_000, 121_000]);
    expect(outcomes(server)).toEqual([]);
    server.pass(1);
    expect(outcomes(server)).toEqual(['lost', ['lost']]);
  });

  it('is not sent again when the client may have forgotten its Message ID, and still settled by a late ACK', () => {
    const server = fetched();
    for (let num = 1; num < 20; num++) {
      server.pass(20_000);
      server.receive(ask(num, 100 + num));
    }
    expect(times(server.pass(240_000))).toEqual([]);
    server.receive(acknowledgement(0));
    expect(outcomes(server)).toEqual(['acknowledged']);
  });

  it('is sent again as ever when what is asked for is something else', () => {
    const server = fetched();
    const other = [...path('other'), blockOption(OptionNumber.Block2, { num: 1, more: false, szx: 6 })];
    server.receive(datagram({ code: Code.GET, messageId: 101, options: other }));
    server.respond(server.request1().id, content('a'));
    const blocks = server.pass(20_000).filter(([, sent]) => parse(fromHex(sent)).code !== 0);
    expect(times(blocks)).toEqual([2000, 6000, 14_000]);
  });

  it('is one message less on a slow link: 20 kB with a round trip of 1.2 s', async () => {
    const { time, client, observations, pushes } = pushing({ delay: 600 });
    const states = client.observe(get('a'), { acknowledgeConsumed: true });
    await time.until(states.next());
    const pushed = observations[0]!.notify(content(bodyOf(20_000)));
    expect((await time.until(states.next())).value?.payload).toHaveLength(20_000);
    // The reader has it, and takes its time.
    await time.advance(5000);
    states.next();
    expect(await time.until(pushed)).toBe('acknowledged');
    expect(pushes()).toHaveLength(1);
  });

  it('is acknowledged again when the ACK got lost', async () => {
    let lost = 0;
    const drop = ({ from, message }: Sent) => from === 'client' && message?.code === 0 && lost++ === 0;
    const { time, client, observations, pushes } = pushing({ drop });
    const states = client.observe(get('a'), { acknowledgeConsumed: true });
    await time.until(states.next());
    const pushed = observations[0]!.notify(content(bodyOf(20_000)));
    await time.until(states.next());
    states.next();
    expect(await time.until(pushed, 15_000)).toBe('acknowledged');
    expect(pushes()).toHaveLength(2);
  });

  it.each([1, 2, 3, 4, 5])('gets through a bad network, one after the other (seed %i)', async (seed) => {
    const bad = { seed, loss: 0.1, duplication: 0.1, delay: 200, jitter: 400 };
    const { time, client, observations } = pushing(bad);
    const states = client.observe(get('a'), { acknowledgeConsumed: true, reregister: false });
    await time.until(states.next());
    const outcomes: NotificationOutcome[] = [];
    const push = async () => {
      for (let n = 1; n <= 5; n++) {
        let outcome: NotificationOutcome = 'lost';
        while (outcome === 'lost') outcome = await observations[0]!.notify(content(bodyOf(10_000, n)), { park: true });
        outcomes.push(outcome);
      }
    };
    const pushed = push();
    for (let n = 1; n <= 5; ) {
      const { value } = await time.until(states.next());
      // One that was lost for want of its ACK comes again.
      if (String(value!.payload) === String(bodyOf(10_000, n))) n++;
      else expect(value!.payload).toEqual(bodyOf(10_000, n - 1));
    }
    states.next();
    await time.until(pushed);
    expect(outcomes).toEqual(Array.from({ length: 5 }, () => 'acknowledged'));
  });

  it('may be the separate answer to a registration', async () => {
    const server = new Engine({ server: {} });
    server.receive(registration(5));
    const { id } = server.request1();
    server.endpoint.accept(id, 0);
    server.acknowledge(id);
    const [first] = server.respond(id, content(bodyOf(3000)));
    expect(findBlock(parse(fromHex(first!)).options, OptionNumber.Block2)).toMatchObject({ num: 0, more: true });
    for (let num = 1; num < 3; num++) {
      expect(server.pass(1900)).toEqual([]);
      expect(server.receive(ask(num, 100 + num))).toHaveLength(1);
    }
    server.receive(acknowledgement(0));
    expect(outcomes(server)).toEqual(['acknowledged']);
  });
});

describe('established', () => {
  it.each<[string, { separate: boolean; drop?: (datagram: Sent) => boolean }, NotificationOutcome]>([
    ['sent, in the ACK', { separate: false }, 'sent'],
    ['acknowledged, as a message of its own', { separate: true }, 'acknowledged'],
    ['lost', { separate: true, drop: ({ from, message }) => from === 'server' && message!.code !== 0 }, 'lost'],
  ])('says what became of the answer: %s', async (_what, options, outcome) => {
    const { time, client, observations } = pushing(options);
    client.observe(get('a'));
    await time.advance(100);
    expect(await time.until(observations[0]!.established)).toBe(outcome);
  });

  it('waits for the reader where the client acknowledges what is consumed', async () => {
    const { time, client, observations } = pushing({ separate: true });
    const states = client.observe(get('a'), { acknowledgeConsumed: true });
    await time.until(states.next());
    let established: NotificationOutcome | undefined;
    observations[0]!.established.then((outcome) => {
      established = outcome;
    });
    await time.advance(1000);
    expect(established).toBeUndefined();
    states.next();
    await time.advance(1000);
    expect(established).toBe('acknowledged');
  });

  it('is settled when the observation ends before: by an error, another registration, the session', async () => {
    const box: { state: CoapResponse } = { state: { code: Code.NotFound, options: [], payload: NONE } };
    const ended: Promise<NotificationOutcome>[] = [];
    const { time, client, server } = pair((request) => {
      ended.push(request.observe()!.established);
      return box.state;
    });
    await time.until(client.observe(get('a')).next());
    expect(await ended[0]).toBe('ended');
    await server.close();
  });
});

describe('a notification that is to park (R18)', () => {
  const parked = (options = {}) => {
    const server = new Engine({ server: {} });
    const observation = server.register(registration(5), content('a'));
    server.notify(observation, content('b'), { park: true, ...options });
    return { server, observation };
  };

  it('that is lost leaves the observation in place, silent, until it is notified again', () => {
    const { server, observation } = parked();
    expect(times(server.pass(100_000))).toEqual([2000, 6000, 14_000, 30_000]);
    expect(outcomes(server)).toEqual(['lost']);
    expect(server.pass(3_600_000)).toEqual([]);
    expect(server.notify(observation, content('b'), { park: true })).toEqual([
      expect.stringMatching(/^4145000177.*ff62$/),
    ]);
    server.receive(acknowledgement(1));
    expect(outcomes(server)).toEqual(['acknowledged']);
  });

  it('leaves its place within NSTART to others meanwhile', () => {
    const { server } = parked();
    const other = server.register(registration(6, 0x78), content('a'));
    expect(server.notify(other, content('c'))).toEqual([]);
    expect(server.pass(100_000).filter(([, hex]) => hex.endsWith('63'))).not.toEqual([]);
  });

  it('sends what has come since its last transmission', () => {
    const { server, observation } = parked();
    server.pass(31_000);
    server.notify(observation, content('c'));
    expect(server.pass(40_000)[0]?.[1]).toMatch(/^41450001.*63$/);
    expect(outcomes(server)).toEqual(['lost']);
  });

  it('ends the observation all the same when it is reset', () => {
    const { server } = parked();
    server.receive('70 00 0000');
    expect(outcomes(server)).toEqual(['rejected', ['rejected']]);
  });

  it('and is an error can be sent again, so that the client learns that nothing follows', () => {
    const server = new Engine({ server: {} });
    const gone = { code: Code.NotFound, options: [], payload: NONE };
    const observation = server.register(registration(5), content('a'));
    server.notify(observation, gone, { park: true });
    server.pass(100_000);
    expect(outcomes(server)).toEqual(['lost']);
    expect(server.notify(observation, gone, { park: true })).toEqual([expect.stringMatching(/^4184000177$/)]);
    server.receive(acknowledgement(1));
    expect(outcomes(server)).toEqual(['acknowledged', ['ended']]);
  });
});

describe('heard', () => {
  it('resolves with the next message of the client, so that what was parked is sent at once (R18)', async () => {
    let dark = false;
    const { time, client, observations } = pushing({ drop: () => dark });
    const states = client.observe(get('a'), { reregister: false });
    await time.until(states.next());
    const [observation] = observations;
    dark = true;
    expect(await time.until(observation!.notify(content('1'), { park: true }))).toBe('lost');
    let heard = false;
    const resumed = observation!.heard().then(() => {
      heard = true;
      return observation!.notify(content('1'), { park: true });
    });
    await time.advance(3_600_000);
    expect(heard).toBe(false);
    dark = false;
    const start = time.now();
    await time.until(client.ping());
    expect(await time.until(resumed)).toBe('acknowledged');
    expect(time.now() - start).toBeLessThan(100);
    expect((await time.until(states.next())).value).toMatchObject({ payload: text('1') });
  });

  it.each([
    ['an ACK of nothing', acknowledgement(9)],
    ['a Reset of nothing', datagram({ type: Type.RST, code: 0, messageId: 9, token: NONE })],
    ['a ping', datagram({ code: 0, messageId: 9, token: NONE })],
    ['a request', datagram({ code: Code.GET })],
    ['a response to nobody', datagram({ code: Code.Content })],
  ])('takes %s, once for each time it was asked for', (_what, bytes) => {
    const server = new Engine({ server: {} });
    const observation = server.register(registration(5), content('a'));
    const heard = () => server.events().filter(({ kind }) => kind === 'heard').length;
    server.endpoint.listen(observation);
    server.receive('ff'.repeat(20));
    expect(heard()).toBe(0);
    server.receive(bytes);
    server.receive(bytes);
    expect(heard()).toBe(1);
  });

  it('settles when the observation ends, and is at once when it has', async () => {
    const { time, client, observations } = pushing();
    await time.until(client.observe(get('a')).next());
    const waiting = observations[0]!.heard();
    observations[0]!.end();
    await waiting;
    await observations[0]!.heard();
  });

  it('settles when the session ends', async () => {
    const { time, client, server, observations } = pushing();
    await time.until(client.observe(get('a')).next());
    const waiting = observations[0]!.heard();
    await server.close();
    await waiting;
  });
});

describe('a client that registers again while a push backs off (R20)', () => {
  it('gets the answer at once, with the same token', () => {
    const server = new Engine({ server: {} });
    server.notify(server.register(registration(5), content('a')), content('b'), { park: true });
    server.pass(20_000);
    server.receive(registration(6));
    expect(outcomes(server)).toEqual(['ended', ['replaced']]);
    const again = server.register(registration(7), content('c'));
    expect(server.notify(again, content('d'))).toHaveLength(1);
  });

  it('gets the answer at once, and pushes once the old observation has ended, with another token', () => {
    const server = new Engine({ server: {} });
    const old = server.register(registration(5), content('a'));
    server.notify(old, content('b'), { park: true });
    server.pass(20_000);
    const again = server.register(registration(6, 0x78), content('c'));
    expect(server.notify(again, content('d'))).toEqual([]);
    server.endpoint.unobserve(old, undefined, server.now);
    expect(server.sent()).toEqual([expect.stringMatching(/^4145000178.*ff64$/)]);
    expect(outcomes(server)).toEqual(['ended', ['ended']]);
  });
});
