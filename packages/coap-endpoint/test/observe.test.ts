import { Code, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import {
  type CoapResponse,
  EndpointError,
  type IncomingRequest,
  type NotificationOutcome,
  type Observation,
} from '../src/index.ts';
import { bodyOf, content, get, NONE, text } from './support/messages.ts';
import { type PairOptions, pair } from './support/pair.ts';

/** A server with one state, which its observers are told of, and a client with a network between them. */
function observable(options: PairOptions = {}) {
  const observations: Observation[] = [];
  const requests: IncomingRequest[] = [];
  const box = { state: content('0') };
  const all = pair((request) => {
    requests.push(request);
    const observation = request.observe();
    if (observation !== undefined) observations.push(observation);
    return box.state;
  }, options);
  const set = (state: CoapResponse): Promise<NotificationOutcome> => {
    box.state = state;
    return observations.at(-1)!.notify(state);
  };
  return { ...all, observations, requests, set };
}

const read = (response: CoapResponse | undefined) => new TextDecoder().decode(response?.payload);

describe('to observe', () => {
  it('gives the state now and after each change, and tells the server what became of each notification', async () => {
    const { time, client, set } = observable();
    const states = client.observe(get('a'));
    expect(read((await time.until(states.next())).value)).toBe('0');
    for (const state of ['1', '2', '3']) {
      const next = states.next();
      expect(await time.until(set(content(state)))).toBe('acknowledged');
      expect(read((await next).value)).toBe(state);
    }
  });

  it('brings bodies of any size whole', async () => {
    const { time, client, set } = observable();
    const states = client.observe(get('a'));
    await time.until(states.next());
    for (const [seed, size] of [5000, 3, 100_000].entries()) {
      const next = states.next();
      const outcome = set(content(bodyOf(size, seed)));
      expect((await time.until(next)).value?.payload).toEqual(bodyOf(size, seed));
      expect(await time.until(outcome)).toBe('acknowledged');
    }
  });

  it('hands over only the newest of what was not read', async () => {
    const { time, client, set } = observable();
    const states = client.observe(get('a'));
    await time.until(states.next());
    for (const state of ['1', '2', '3']) await time.until(set(content(state)));
    expect(read((await states.next()).value)).toBe('3');
  });

  it('gives to several readers in turn', async () => {
    const { time, client, set } = observable();
    const states = client.observe(get('a'));
    const readers = [states.next(), states.next()];
    await time.advance(100);
    await time.until(set(content('1')));
    expect((await Promise.all(readers)).map(({ value }) => read(value))).toEqual(['0', '1']);
  });

  it('ends when the loop is left: the server is told', async () => {
    const { time, link, client, observations } = observable();
    const seen: string[] = [];
    const loop = (async () => {
      for await (const state of client.observe(get('a'))) {
        seen.push(read(state));
        break;
      }
    })();
    await time.until(loop);
    await time.advance(1000);
    expect(seen).toEqual(['0']);
    expect(observations[0]!.signal).toMatchObject({ aborted: true, reason: 'cancelled' });
    expect(link.log.map(({ message }) => message!.code)).toEqual([Code.GET, Code.Content, Code.GET, Code.Content]);
  });

  it('ends with its signal, and rejects once', async () => {
    const { time, client, observations } = observable();
    const controller = new AbortController();
    const states = client.observe(get('a'), { signal: controller.signal });
    await time.until(states.next());
    const next = states.next();
    controller.abort('enough');
    await expect(next).rejects.toMatchObject({ code: 'aborted', cause: 'enough' });
    expect(await states.next()).toEqual({ value: undefined, done: true });
    await time.advance(1000);
    expect(observations[0]!.signal.aborted).toBe(true);
    expect(() => client.observe(get('a'), { signal: controller.signal })).toThrow(EndpointError);
  });

  it('ends after the last state, which is handed over', async () => {
    const { time, client, observations } = observable();
    const seen: number[] = [];
    const loop = (async () => {
      for await (const { code } of client.observe(get('a'))) seen.push(code);
    })();
    await time.advance(100);
    observations[0]!.end({ code: Code.NotFound, options: [], payload: NONE });
    await time.until(loop);
    await time.advance(100);
    expect(seen).toEqual([Code.Content, Code.NotFound]);
    expect(observations[0]!.signal.reason).toBe('ended');
  });

  it('rejects when the client is closed, and cannot begin after that', async () => {
    const { time, client } = observable();
    const states = client.observe(get('a'));
    await time.until(states.next());
    const next = states.next();
    client.close();
    await expect(next).rejects.toMatchObject({ code: 'closed', reason: 'closed_here' });
    expect(() => client.observe(get('a'))).toThrow(EndpointError);
  });

  it('acknowledges what the reader has finished with, if it is told to', async () => {
    const { time, client, set } = observable();
    const states = client.observe(get('a'), { acknowledgeConsumed: true });
    await time.until(states.next());
    const next = states.next();
    let outcome: NotificationOutcome | undefined;
    set(content('1')).then((value) => {
      outcome = value;
    });
    expect(read((await time.until(next)).value)).toBe('1');
    await time.advance(10_000);
    expect(outcome).toBeUndefined();
    const end = states.next();
    end.catch(() => {});
    await time.advance(100);
    expect(outcome).toBe('acknowledged');
    client.close();
    await expect(end).rejects.toMatchObject({ code: 'closed' });
  });

  it('survives a network that loses, repeats and reorders: the reader ends with the latest state', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { time, client, set, server } = observable({ seed, loss: 0.1, duplication: 0.2, jitter: 200 });
      const states = client.observe(get('a'));
      let latest = '';
      const loop = (async () => {
        for await (const state of states) latest = read(state).slice(0, 2);
      })();
      await time.advance(20_000);
      let last: NotificationOutcome | undefined;
      for (let i = 10; i < 20; i++) {
        set(content(`${i}${'x'.repeat((i * 397) % 3000)}`)).then((outcome) => {
          last = outcome;
        });
        await time.advance(i * 300);
      }
      await time.advance(100_000);
      expect([seed, last]).toEqual([seed, 'acknowledged']);
      expect([seed, latest]).toEqual([seed, '19']);
      await states.return?.();
      await loop;
      client.close();
      await server.close();
    }
  });
});

describe('an observation at the server', () => {
  it('is none for a request that does not ask for it', async () => {
    const { time, client, observations } = observable();
    await time.until(client.request(get('a')));
    expect(observations).toEqual([]);
  });

  it('is one, however often it is asked for', async () => {
    let same: boolean | undefined;
    const { time, client } = pair((request) => {
      const observation = request.observe();
      same = observation !== undefined && observation === request.observe();
      return content('0');
    });
    await time.until(client.observe(get('a')).next());
    expect(same).toBe(true);
  });

  it('can be notified before the request is answered: that goes out after the answer', async () => {
    const { time, link, client } = pair((request) => {
      request.observe()?.notify(content('1'));
      return content('0');
    });
    const states = client.observe(get('a'));
    expect(read((await time.until(states.next())).value)).toBe('0');
    expect(read((await time.until(states.next())).value)).toBe('1');
    expect(link.log.map(({ message }) => message!.type)).toEqual([Type.CON, Type.ACK, Type.CON, Type.ACK]);
  });

  it('says when a client is gone', async () => {
    const { time, link, client, set, observations } = observable();
    await time.until(client.observe(get('a')).next());
    link.client.onDatagram = undefined;
    expect(await time.until(set(content('1')))).toBe('lost');
    expect(observations[0]!.signal.reason).toBe('lost');
    expect(await set(content('2'))).toBe('ended');
  });

  it('says when a client has forgotten', async () => {
    const { time, client, set, observations } = observable();
    const states = client.observe(get('a'), { forget: true });
    await time.until(states.next());
    const { signal } = observations[0]!;
    await states.return?.();
    expect(await time.until(set(content('1')))).toBe('rejected');
    expect(signal.reason).toBe('rejected');
  });

  it('ends with its session, notifications included, and stays so', async () => {
    const { time, link, client, set, observations } = observable();
    await time.until(client.observe(get('a')).next());
    const outcomes = [set(content('1')), set(content('2'))];
    link.server.end('gone');
    expect(await Promise.all(outcomes)).toEqual(['ended', 'ended']);
    expect(observations[0]!.signal.reason).toBe('closed');
    expect(await set(content('3'))).toBe('ended');
    client.close();
  });

  it('throws at once for what is no response', async () => {
    const { time, client, observations } = observable();
    await time.until(client.observe(get('a')).next());
    expect(() => observations[0]!.notify({ code: Code.GET, options: [], payload: NONE })).toThrow();
  });

  it('is limited for a peer and for all', async () => {
    for (const limits of [{ maxPeerObservations: 1 }, { maxTotalObservations: 1 }]) {
      const { time, client, observations } = observable({ serve: limits });
      const [a, b] = [client.observe(get('a')), client.observe(get('b'))];
      await time.until(Promise.all([a.next(), b.next()]));
      expect(observations).toHaveLength(1);
      expect(await time.until(b.next())).toEqual({ value: undefined, done: true });
    }
  });

  it('costs an idle server nothing but its place, over days', async () => {
    const { time, client, set, link } = observable();
    const state = (payload: string) => ({
      code: Code.Content,
      options: [uintOption(OptionNumber.MaxAge, 0xffff_ffff)],
      payload: text(payload),
    });
    const states = client.observe(get('a'));
    await time.until(states.next());
    await time.until(set(state('1')));
    const sent = link.log.length;
    await time.advance(10 * 24 * 3_600_000);
    expect(link.log).toHaveLength(sent);
    expect(await time.until(set(state('2')))).toBe('acknowledged');
  });
});
