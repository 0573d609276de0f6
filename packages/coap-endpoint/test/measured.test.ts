import { Code, findOption, OptionNumber, Type } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import type { Handler, Observation } from '../src/index.ts';
import { bodyOf, content, get, put } from './support/messages.ts';
import { type Pair, type PairOptions, pair } from './support/pair.ts';

/** Two ends that have agreed on how messages are sent. */
function agreed(handler: Handler, options: PairOptions = {}): Pair {
  const there = pair((request) => {
    request.agree({ transmission: true });
    return handler(request);
  }, options);
  there.client.agree({ transmission: true });
  return there;
}

/** When the client, or the server, has sent the messages of this type. */
function sent({ link }: Pair, from: 'client' | 'server', type: number = Type.CON): number[] {
  return link.log.filter((one) => one.from === from && one.message?.type === type).map((one) => one.at);
}

const percentile = (sorted: readonly number[], share: number): number => sorted[Math.ceil(sorted.length * share) - 1]!;
const median = (values: readonly number[]): number =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

/** How long each of a number of requests took, in milliseconds, one after the other. */
async function requests({ time, client }: Pair, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = time.now();
    const { code } = await time.until(client.request(put(bodyOf(100, i), 'r', String(i))));
    expect(code).toBe(Code.Content);
    took.push(time.now() - start);
  }
  return took;
}

describe('a small request at 200 ms and 10 % loss each way', () => {
  const bad: PairOptions = { delay: 100, loss: 0.1 };
  const echo: Handler = ({ payload }) => content(payload);

  it('takes 0.2 s, and one in a hundred more than 1.5 s: all of 1,000, medians of five runs', async () => {
    const runs: number[][] = [];
    for (const seed of [1, 2, 3, 4, 5]) {
      const took = await requests(agreed(echo, { ...bad, seed }), 1000);
      runs.push(took.toSorted((a, b) => a - b));
    }
    expect(median(runs.map((took) => percentile(took, 0.5)))).toBe(200);
    expect(median(runs.map((took) => percentile(took, 0.99)))).toBeLessThanOrEqual(1500);
  });

  it('takes as long as ever between strangers: 2 to 3 s more for a loss', async () => {
    const took = await requests(pair(echo, bad), 300);
    const lost = took.filter((ms) => ms > 200);
    expect(lost.length).toBeGreaterThan(30);
    expect(Math.min(...lost)).toBeGreaterThanOrEqual(2200);
  });
});

describe('to a stranger', () => {
  it('nothing changes: four retransmissions after 2 s and more, one message at a time', async () => {
    const there = pair(() => content('x'), { drop: () => true, connect: { roundTrip: 20 } });
    const { time, client } = there;
    const outcomes = [client.request(get('a')), client.request(get('b'))].map((result) =>
      result.catch(({ code }) => code),
    );
    expect(await time.until(Promise.all(outcomes))).toEqual(['timed_out', 'timed_out']);
    const first = sent(there, 'client').slice(0, 5);
    const wait = first[1]!;
    expect(wait).toBeGreaterThanOrEqual(2000);
    expect(wait).toBeLessThanOrEqual(3000);
    for (const [i, times] of [0, 1, 3, 7, 15].entries()) {
      expect(Math.abs(first[i]! - times * wait)).toBeLessThanOrEqual(2);
    }
    expect(sent(there, 'client')).toHaveLength(10);
    // The second began when the first was given up.
    expect(Math.abs(sent(there, 'client')[5]! - 31 * wait)).toBeLessThanOrEqual(2);
  });

  it('what was measured before both ends agreed counts afterwards', async () => {
    let blocked = false;
    const there = pair(() => content('x'), { delay: 50, drop: () => blocked });
    const { time, client } = there;
    await time.until(client.request(get('a')));
    expect(client.roundTrip).toBe(100);
    client.agree({ transmission: true });
    blocked = true;
    client.request(get('b')).catch(() => {});
    const start = time.now();
    await time.advance(500);
    expect(sent(there, 'client').filter((at) => at > start)).toHaveLength(1);
  });

  it('the first message waits for one second between ends that agree and know nothing else of each other', async () => {
    const there = agreed(() => content('x'), { drop: () => true });
    there.client.request(get('a')).catch(() => {});
    await there.time.advance(1600);
    const [first, second, third] = sent(there, 'client');
    expect(second! - first!).toBeGreaterThanOrEqual(1000);
    expect(second! - first!).toBeLessThanOrEqual(1500);
    expect(third).toBeUndefined();
  });

  it('`congestion` decides without an agreement, or in spite of one', async () => {
    for (const [congestion, count] of [
      ['measured', 2],
      ['rfc7252', 1],
    ] as const) {
      const there = agreed(() => content('x'), { drop: () => true, connect: { congestion, roundTrip: 100 } });
      there.client.request(get('a')).catch(() => {});
      await there.time.advance(600);
      expect(sent(there, 'client')).toHaveLength(count);
    }
    const there = pair(() => content('x'), { drop: () => true, connect: { congestion: 'measured', roundTrip: 100 } });
    there.client.request(get('a')).catch(() => {});
    await there.time.advance(600);
    expect(sent(there, 'client')).toHaveLength(2);
  });
});

describe('a message that nobody answers', () => {
  it('is sent eight times within 60 s and given up within 93 s, however short the round trip is', async () => {
    for (const roundTrip of [5, 200, 1000, 5000]) {
      const there = agreed(() => content('x'), { drop: () => true, connect: { roundTrip } });
      const failed = there.client.request(get('a')).catch(({ reason }) => reason);
      expect(await there.time.until(failed, 200_000)).toBe('no_acknowledgement');
      const times = sent(there, 'client');
      expect(times.length).toBeLessThanOrEqual(8);
      expect(times.at(-1)).toBeLessThanOrEqual(60_000);
      expect(times.at(-1)).toBeGreaterThanOrEqual(30_000);
      expect(there.time.now()).toBeGreaterThanOrEqual(60_000);
      expect(there.time.now()).toBeLessThanOrEqual(93_000);
      if (roundTrip === 5) expect(times).toHaveLength(8);
    }
  });

  it('delays nobody but itself', async () => {
    let dropped = 0;
    const there = agreed(() => content('x'), {
      delay: 100,
      connect: { roundTrip: 200 },
      // What goes to /lost gets lost, twice.
      drop: ({ message }) =>
        message?.options.some(({ value }) => new TextDecoder().decode(value) === 'lost') === true && dropped++ < 2,
    });
    const { time, client } = there;
    const done: [string, number][] = [];
    const ask = (name: string) => client.request(get(name)).then(() => void done.push([name, time.now()]));
    await time.until(Promise.all(['lost', 'a', 'b', 'c', 'd', 'e', 'f', 'g'].map(ask)));
    expect(done.slice(0, 7).map(([, at]) => at)).toEqual([200, 200, 200, 200, 200, 200, 200]);
    expect(done[7]![0]).toBe('lost');
    expect(done[7]![1]).toBeLessThan(2100);
  });

  it('is one of eight at once at most', async () => {
    const there = agreed(() => content('x'), { drop: () => true, connect: { roundTrip: 200 } });
    for (let i = 0; i < 20; i++) there.client.request(get(String(i))).catch(() => {});
    await there.time.advance(300);
    expect(sent(there, 'client')).toHaveLength(8);
  });
});

describe('a ping', () => {
  it('is sent again after a tenth of a second and a round trip, and tells the round trip', async () => {
    let isLost = true;
    const there = agreed(() => content('x'), {
      delay: 10,
      connect: { roundTrip: 20 },
      drop: () => {
        const drops = isLost;
        isLost = false;
        return drops;
      },
    });
    const { time, client } = there;
    await time.until(client.ping());
    const [first, second] = sent(there, 'client');
    expect(second! - first!).toBeGreaterThanOrEqual(120);
    expect(second! - first!).toBeLessThanOrEqual(170);
    for (let i = 0; i < 20; i++) await time.until(client.ping());
    expect(client.roundTrip).toBe(20);
  });
});

describe('a peer that takes its time', () => {
  it('is asked once, as long as it acknowledges within 200 ms', async () => {
    const there = agreed(() => new Promise<never>(() => {}), { delay: 20, connect: { roundTrip: 40 } });
    const { time, client } = there;
    client.request(get('slow')).catch(() => {});
    await time.advance(5000);
    expect(client.stats().retransmissions).toBe(0);
    expect(sent(there, 'server', Type.ACK)).toEqual([220]);
  });

  it('acknowledges within 200 ms whatever it was told, once that was agreed on', async () => {
    const there = agreed(() => new Promise<never>(() => {}), { delay: 20, serve: { ackDelay: 5000 } });
    const { time, client } = there;
    client.request(get('first')).catch(() => {});
    await time.advance(10);
    client.request(get('second')).catch(() => {});
    await time.advance(1000);
    expect(sent(there, 'server', Type.ACK)).toEqual([230]);
  });

  it.each([
    [undefined, 150, 250],
    ['measured', 150, 250],
    ['rfc7252', 2000, 3000],
  ] as const)(
    'answers separately in a message that is sent again soon, unless congestion says %s',
    async (congestion, least, most) => {
      let answers = 0;
      const there = agreed(
        (request) =>
          new Promise((resolve) => {
            request.acknowledge();
            there.time.setTimer(1000, () => resolve(content('x')));
          }),
        {
          delay: 50,
          drop: ({ from, message }) => from === 'server' && message?.type === Type.CON && answers++ === 0,
          serve: { congestion },
        },
      );
      there.link.server.roundTrip = 100;
      await there.time.until(there.client.request(get('a')));
      const [first, second] = sent(there, 'server');
      expect(second! - first!).toBeGreaterThanOrEqual(least);
      expect(second! - first!).toBeLessThanOrEqual(most);
    },
  );

  it('may be far away all of a sudden: after three exchanges nothing is sent too soon', async () => {
    let delay = 100;
    const there = agreed(({ payload }) => content(payload), { delay: () => delay });
    await requests(there, 20);
    delay = 2500;
    const again: number[] = [];
    for (let i = 0; i < 10; i++) {
      const before = there.client.stats().retransmissions;
      await requests(there, 1);
      again.push(there.client.stats().retransmissions - before);
    }
    expect(again.slice(0, 3).reduce((sum, count) => sum + count)).toBeLessThanOrEqual(8);
    expect(again.slice(3)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    // And back.
    delay = 100;
    expect(await requests(there, 10)).toEqual(Array(10).fill(200));
  });
});

describe('a push', () => {
  async function pushing() {
    let observation: Observation | undefined;
    let isLost = true;
    const there: Pair = agreed(
      (request) => {
        observation ??= request.observe();
        if (request.options.some(({ number }) => number === OptionNumber.Observe)) return content('0');
        request.acknowledge();
        return new Promise((resolve) => void there.time.setTimer(300, () => resolve(content('late'))));
      },
      {
        delay: 100,
        // The first time that the separate answer is sent it gets lost.
        drop: ({ message }) => {
          const drops = isLost && message !== undefined && new TextDecoder().decode(message.payload) === 'late';
          if (drops) isLost = false;
          return drops;
        },
      },
    );
    there.link.server.roundTrip = 200;
    const states = there.client.observe(get('s'), { acknowledgeConsumed: true });
    await there.time.until(states.next());
    let next = states.next();
    next.catch(() => {});
    /** Pushes, and has the application take its time for it. */
    const push = async (state: string, thinking: number) => {
      const outcome = observation!.notify(content(state));
      await there.time.until(next);
      await there.time.advance(thinking);
      next = states.next();
      next.catch(() => {});
      return await there.time.until(outcome);
    };
    return { ...there, push };
  }

  it('is not sent again for 2 s, because the application may be thinking', async () => {
    const { push, server } = await pushing();
    expect(await push('1', 1700)).toBe('acknowledged');
    expect(server.stats().retransmissions).toBe(0);
    expect(await push('2', 3000)).toBe('acknowledged');
    expect(server.stats().retransmissions).toBe(1);
  });

  it('tells nothing of the round trip: an answer that gets lost afterwards is sent again as soon as ever', async () => {
    const there = await pushing();
    for (let i = 1; i <= 5; i++) await there.push(String(i), 1700);
    await there.time.until(there.client.request(get('late')));
    const [first, second] = sent(there, 'server').slice(-2);
    expect(second! - first!).toBeGreaterThanOrEqual(300);
    expect(second! - first!).toBeLessThanOrEqual(450);
  });
});

describe('bulk', () => {
  it('leaves 20 small requests their round trip during 1 MiB', async () => {
    const there = agreed(({ payload, options }) => content(options.length > 1 ? payload : bodyOf(1_048_576)), {
      delay: 50,
      connect: { roundTrip: 100 },
    });
    const { time, client } = there;
    const big = client.request(get('big'));
    for (let i = 0; i < 20; i++) {
      const start = time.now();
      await time.until(client.request(put(bodyOf(100, i), 'r', String(i))));
      expect(time.now() - start).toBeLessThanOrEqual(200);
      await time.advance(37);
    }
    expect((await time.until(big, 3_600_000)).payload).toHaveLength(1_048_576);
  });

  it('waits for what is small, and leaves it half of the places', async () => {
    const there = agreed(({ options }) => content(options.length > 1 ? 'x' : bodyOf(5000)), {
      delay: 50,
      connect: { roundTrip: 100 },
    });
    const { time, client, link } = there;
    const transfers = Array.from({ length: 12 }, (_, i) => client.request(get(`t${i}`)));
    await time.advance(100);
    // Eight first blocks are there: the four that waited for a place go before the second blocks, which have four places.
    const blocks = (at: number) =>
      link.log
        .filter((one) => one.from === 'client' && one.at === at)
        .map(({ message }) => findOption(message!.options, OptionNumber.Block2) !== undefined);
    expect(blocks(100)).toEqual([false, false, false, false, true, true, true, true]);
    await time.advance(200);
    expect([blocks(200), blocks(300)]).toEqual([
      [true, true, true, true],
      [true, true, true, true],
    ]);
    const start = time.now();
    await time.until(client.request(put(bodyOf(10), 'r', '1')));
    expect(time.now() - start).toBeLessThanOrEqual(200);
    await time.until(Promise.all(transfers));
  });
});
