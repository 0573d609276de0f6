import { Code, OptionNumber, stringValues, Type } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CoapResponse, IncomingRequest, Observation } from '../src/index.ts';
import type { Sent } from './support/link.ts';
import { bodyOf, content, get, put } from './support/messages.ts';
import { agreedPair, BOTH, type PairOptions, pair } from './support/pair.ts';

const pathOf = ({ options }: IncomingRequest): string => stringValues(options, OptionNumber.UriPath)!.join('/');
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const has = ({ message }: Sent, number: number): boolean => message!.options.some((option) => option.number === number);

describe('between ends that agreed on the blocks of RFC 9177', () => {
  it('a response goes on by itself after its first block, and its end is confirmed', async () => {
    const { time, client, link } = await agreedPair(() => content(bodyOf(3000)));
    const { payload } = await time.until(client.request(get('a')));
    await time.advance(100);
    expect(payload).toEqual(bodyOf(3000));
    const lines = link.log.map(({ from, message }) => `${from} ${message!.type} ${message!.payload.length}`);
    const { CON, NON, ACK } = Type;
    expect(lines).toEqual([
      `client ${CON} 0`,
      `server ${ACK} 1024`,
      `server ${NON} 1024`,
      `server ${NON} 952`,
      `client ${NON} 0`,
    ]);
  });

  it('a request goes on by itself, and is answered once it is there', async () => {
    const got: Uint8Array[] = [];
    const { time, client, link } = await agreedPair((request) => {
      got.push(request.payload);
      return content('ok');
    });
    got.length = 0;
    await time.until(client.request(put(bodyOf(3000), 'a')));
    await time.advance(100);
    expect(got).toEqual([bodyOf(3000)]);
    const lines = link.log.map(({ from, message }) => `${from} ${message!.type} ${message!.payload.length}`);
    const { CON, NON, ACK } = Type;
    // The acknowledgement of the first block waits for the others.
    expect(lines).toEqual([`client ${CON} 1024`, `client ${NON} 1024`, `client ${NON} 952`, `server ${ACK} 2`]);
  });

  it('what fits one message goes as ever', async () => {
    const { time, client, link } = await agreedPair(() => content('small'));
    await time.until(client.request(put(bodyOf(10), 'a')));
    expect(link.log.some((sent) => has(sent, OptionNumber.QBlock1) || has(sent, OptionNumber.QBlock2))).toBe(false);
    expect(link.log.length).toBe(2);
  });

  it('a lost first block is sent again in about a round trip', async () => {
    let drops = 1;
    const { time, client } = await agreedPair(() => content(bodyOf(8000)), {
      delay: 50,
      drop: (sent) => sent.from === 'server' && sent.message!.payload.length === 1024 && drops-- > 0,
    });
    const start = time.now();
    expect((await time.until(client.request(get('a')))).payload).toEqual(bodyOf(8000));
    expect(time.now() - start).toBeLessThan(350);
  });

  it('a response that nobody wants any more ends', async () => {
    const { time, client, link } = await agreedPair(
      (request) => content(pathOf(request) === 'a' ? bodyOf(1_000_000) : ''),
      { delay: 50 },
    );
    const abort = new AbortController();
    const response = client.request(get('a'), { signal: abort.signal });
    await time.advance(160);
    abort.abort();
    await expect(response).rejects.toMatchObject({ code: 'aborted' });
    await time.advance(400);
    link.log.length = 0;
    await time.advance(120_000);
    expect(link.log).toEqual([]);
  });

  it('a response that had to go for others is asked for again', async () => {
    const limits = { serve: { maxPeerBytes: 700_000, maxBodyBytes: 1000 } };
    let asked = 0;
    let drops = 0;
    const drop = ({ from, message }: Sent) => from === 'server' && message!.type === Type.NON && drops-- === 1;
    const { time, client } = await agreedPair(
      () => {
        asked++;
        return content(bodyOf(400_000));
      },
      { delay: 50, drop, ...limits },
    );
    asked = 0;
    // What is missing of the first is asked for when it has gone.
    drops = 1;
    const first = client.request(get('a'));
    await time.advance(70);
    const second = client.request(get('b'));
    expect((await time.until(second)).payload.length).toBe(400_000);
    expect(same((await time.until(first)).payload, bodyOf(400_000))).toBe(true);
    expect(asked).toBe(3);
  });

  it('a long answer comes as a CON of its own, and the rest after it', async () => {
    let answer: () => void = () => {};
    const { time, client, link } = await agreedPair(
      (request) => {
        if (pathOf(request) !== 'slow') return content('');
        request.acknowledge();
        return new Promise<CoapResponse>((resolve) => {
          answer = () => resolve(content(bodyOf(5000)));
        });
      },
      { delay: 20 },
    );
    const response = client.request(get('slow'));
    await time.advance(100);
    answer();
    expect((await time.until(response)).payload).toEqual(bodyOf(5000));
    expect(link.log.filter(({ from }) => from === 'server').map(({ message }) => message!.type)).toEqual([
      Type.ACK,
      Type.CON,
      Type.NON,
      Type.NON,
      Type.NON,
      Type.NON,
    ]);
  });

  it('each of many requests is executed once and answered whole, over any network', async () => {
    const network = fc.record({
      seed: fc.nat(0xffff),
      loss: fc.constantFrom(0, 0.05, 0.2),
      duplication: fc.constantFrom(0, 0.2),
      jitter: fc.constantFrom(0, 60),
    });
    await fc.assert(
      fc.asyncProperty(network, fc.integer({ min: 1, max: 30_000 }), async (options, size) => {
        const runs = new Map<string, number>();
        const { time, client } = await agreedPair(
          (request) => {
            const path = pathOf(request);
            runs.set(path, (runs.get(path) ?? 0) + 1);
            expect(path === 'hello' || same(request.payload, bodyOf(size, Number(path)))).toBe(true);
            return content(bodyOf(size, 100 + Number(path)));
          },
          { delay: 40, ...options },
        );
        const responses = [0, 1, 2].map((n) => client.request(put(bodyOf(size, n), String(n))));
        for (const [n, response] of responses.entries()) {
          expect(same((await time.until(response)).payload, bodyOf(size, 100 + n))).toBe(true);
        }
        expect([0, 1, 2].map((n) => runs.get(String(n)))).toEqual([1, 1, 1]);
      }),
      { seed: 917_700, numRuns: 40 },
    );
  }, 60_000);
});

describe('a notification with a large body', () => {
  async function observed(options: PairOptions, mode: { acknowledgeConsumed?: boolean }) {
    let observation: Observation | undefined;
    const all = await agreedPair((request) => {
      observation = request.observe();
      return content('0');
    }, options);
    const states = all.client.observe(get('s'), mode);
    await all.time.until(states.next());
    return { ...all, states, notify: (body: Uint8Array) => observation!.notify(content(body)) };
  }

  it('is acknowledged when it was consumed, and not before', async () => {
    const { time, states, notify } = await observed({ delay: 50 }, { acknowledgeConsumed: true });
    let outcome: string | undefined;
    void notify(bodyOf(20_000)).then((value) => {
      outcome = value;
    });
    expect((await time.until(states.next())).value!.payload).toEqual(bodyOf(20_000));
    await time.advance(1500);
    expect(outcome).toBeUndefined();
    void states.next();
    await time.advance(500);
    expect(outcome).toBe('acknowledged');
  });

  it.each([true, false])('arrives once and whole over a bad network (acknowledgeConsumed: %s)', async (mode) => {
    for (let seed = 1; seed <= 10; seed++) {
      const options = { seed, delay: 50, loss: 0.1, jitter: 20, duplication: 0.1 };
      const { time, states, notify } = await observed(options, { acknowledgeConsumed: mode });
      for (const n of [1, 2, 3]) {
        const next = states.next();
        void notify(bodyOf(15_000, n));
        expect(same((await time.until(next)).value!.payload, bodyOf(15_000, n))).toBe(true);
      }
    }
  });

  it('gives way to a newer one', async () => {
    const { time, states, notify } = await observed({ delay: 50 }, {});
    void notify(bodyOf(400_000, 1));
    await time.advance(120);
    const next = states.next();
    void notify(bodyOf(30_000, 2));
    expect(same((await time.until(next)).value!.payload, bodyOf(30_000, 2))).toBe(true);
  });
});

describe('with who did not agree', () => {
  it('a server that does not know the blocks costs a request one round trip', async () => {
    const got: number[] = [];
    const { time, client, link } = pair((request) => {
      got.push(request.payload.length);
      return content(bodyOf(3000));
    });
    client.agree(BOTH);
    const { payload } = await time.until(client.request(put(bodyOf(3000), 'a')));
    expect([got, payload.length]).toEqual([[3000], 3000]);
    expect(link.log[0]!.message!.code).toBe(Code.PUT);
    expect(link.log.find(({ from }) => from === 'server')!.message!.code).toBe(Code.BadOption);
  });

  const ask = { connect: { blockwise: 'rfc9177' } } as const;
  const take = { serve: { blockwise: 'rfc9177' } } as const;

  it('a client that asks goes on with RFC 7959 where that is refused, and does not ask again', async () => {
    const { time, client, link } = pair(() => content(bodyOf(3000)), ask);
    for (const _ of [1, 2]) expect((await time.until(client.request(get('a')))).payload).toEqual(bodyOf(3000));
    const asked = link.log.filter((sent) => has(sent, OptionNumber.QBlock2));
    expect(asked.map(({ from }) => from)).toEqual(['client']);
  });

  it('two that know RFC 9177 use it set by set', async () => {
    const got: Uint8Array[] = [];
    const { time, client, link } = pair(
      (request) => {
        got.push(request.payload);
        return content(bodyOf(25_000, 2));
      },
      { ...ask, ...take },
    );
    const { payload } = await time.until(client.request(put(bodyOf(25_000), 'a')));
    expect([got.length, same(got[0]!, bodyOf(25_000)), same(payload, bodyOf(25_000, 2))]).toEqual([1, true, true]);
    // No time-out of 2 s was waited for.
    expect(time.now()).toBeLessThan(1000);
    const continues = link.log.filter(({ message }) => message!.code === Code.Continue);
    expect(continues.length).toBe(2);
    const sizes = link.log.filter((sent) => sent.from === 'client' && has(sent, OptionNumber.QBlock1));
    expect(sizes.every((sent) => has(sent, OptionNumber.Size1) && has(sent, OptionNumber.RequestTag))).toBe(true);
  });

  it('and repair what is lost by its times', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const options = { ...ask, ...take, seed, loss: 0.05, delay: 20 };
      const { time, client } = pair(() => content(bodyOf(25_000)), options);
      expect(same((await time.until(client.request(get('a')))).payload, bodyOf(25_000))).toBe(true);
    }
  });

  it('a peer that may be somebody else gets no blocks that it did not ask for', async () => {
    const { time, client, link } = pair(() => content(bodyOf(3000)), { ...ask, ...take, validated: false });
    expect((await time.until(client.request(get('a')))).payload).toEqual(bodyOf(3000));
    expect(link.log.find(({ from }) => from === 'server')!.message!.code).toBe(Code.BadOption);
  });
});
