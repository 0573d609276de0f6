import { blockOption } from '@lb-matrix/blockwise';
import { Code, createOptionRegistry, encodeMessage, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { VirtualTime } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import {
  type CoapResponse,
  connect,
  type DatagramPipe,
  EndpointError,
  type IncomingRequest,
  listen,
  type PipeListener,
  type Progress,
  serve,
} from '../src/index.ts';
import { VirtualLink } from './support/link.ts';
import { bodyOf, content, get, NONE, put } from './support/messages.ts';
import { pair } from './support/pair.ts';

const never = () => new Promise<CoapResponse>(() => {});

/** A listener whose pipes the test makes. */
class VirtualListener implements PipeListener {
  onPipe: PipeListener['onPipe'];
  closed = 0;

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}

describe('a client', () => {
  it('reports progress for each block, both ways, and at the end', async () => {
    const { time, client } = pair((request) => content(request.payload));
    const progress: Progress[] = [];
    await time.until(client.request(put(bodyOf(3000), 'a'), { onProgress: (p) => void progress.push(p) }));
    expect(progress.map(({ sent, received, total }) => [sent, received, total])).toEqual([
      [1024, 0, undefined],
      [2048, 0, undefined],
      [3000, 1024, 3000],
      [3000, 2048, 3000],
      [3000, 3000, 3000],
    ]);
  });

  it('gives up when its signal says so: no retransmission, and a late response is reset', async () => {
    let answer = (_: CoapResponse) => {};
    const { time, link, client } = pair((request) => {
      request.acknowledge();
      return new Promise<CoapResponse>((resolve) => {
        answer = resolve;
      });
    });
    const controller = new AbortController();
    const reason = new Error('enough');
    const request = client.request(get('a'), { signal: controller.signal });
    await time.advance(100);
    controller.abort(reason);
    await expect(time.until(request)).rejects.toMatchObject({ code: 'aborted', reason: 'aborted', cause: reason });
    answer(content('late'));
    await time.advance(100_000);
    // GET, ACK, the response, its Reset.
    expect(link.lines.map((line) => line.slice(0, 6))).toEqual(['> 4401', '< 6000', '< 4445', '> 7000']);
    await expect(client.request(get('a'), { signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('gives up after its timeout, for a request and for a ping', async () => {
    const { time, client } = pair(never, { loss: 1 });
    await expect(time.until(client.request(get('a'), { timeout: 1500 }))).rejects.toMatchObject({
      code: 'timed_out',
      reason: 'deadline',
    });
    expect(time.now()).toBe(1500);
    await expect(time.until(client.ping({ timeout: 1000 }))).rejects.toMatchObject({ reason: 'deadline' });
    await time.advance(100_000);
    expect(client.stats().retransmissions).toBe(0);
  });

  it('leaves nothing behind on a signal that outlives the request', async () => {
    const { time, client } = pair(() => content('ok'));
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    await time.until(client.request(get('a'), { signal, timeout: 60_000 }));
    expect(listeners).toBe(0);
    await time.advance(300_000);
    expect(time.timers).toBe(0);
  });

  it('measures the round trip with a ping', async () => {
    const { time, link, client } = pair(never, { delay: 25 });
    expect(await time.until(client.ping())).toBe(50);
    expect(link.lines.map((line) => line.slice(0, 6))).toEqual(['> 4000', '< 7000']);
  });

  it('rejects what is open when it is closed, closes the pipe, and takes nothing more', async () => {
    const { time, link, client } = pair(never);
    const open = [client.request(get('a')), client.ping()];
    await time.advance(5);
    client.close();
    client.close();
    for (const result of open) await expect(result).rejects.toMatchObject({ code: 'closed', reason: 'closed_here' });
    expect(link.client.closed).toBe(true);
    await expect(client.request(get('a'))).rejects.toMatchObject({ code: 'closed' });
    await time.advance(400_000);
    expect(time.timers).toBe(0);
  });

  it('rejects with the reason of the pipe when that ends', async () => {
    const { time, link, client } = pair(never);
    const request = client.request(get('a'));
    await time.advance(5);
    const reason = new Error('ECONNREFUSED');
    link.client.end(reason);
    await expect(request).rejects.toMatchObject({ code: 'closed', reason: 'pipe_closed', cause: reason });
  });

  it('ends when the pipe does not take a datagram', async () => {
    const { client, link } = pair(never);
    link.client.send = () => {
      throw new Error('EMSGSIZE');
    };
    await expect(client.request(get('a'))).rejects.toMatchObject({ code: 'closed', cause: { message: 'EMSGSIZE' } });
    expect(link.client.closed).toBe(true);
  });

  it('rejects a request that cannot be sent', async () => {
    const { client } = pair(never);
    const request = client.request({ code: Code.Content, options: [] });
    await expect(request).rejects.toBeInstanceOf(EndpointError);
    await expect(request).rejects.toMatchObject({ code: 'refused', reason: 'invalid_request' });
  });

  it('hands over options that the caller says it understands', async () => {
    const optionRegistry = createOptionRegistry([
      { number: 65_006, name: 'HTTP-Status', format: 'uint', minLength: 0, maxLength: 2, repeatable: false },
    ]);
    const options = [uintOption(65_006, 429)];
    const handler = () => ({ code: Code.TooManyRequests, options, payload: NONE });
    const knowing = pair(handler, { connect: { optionRegistry } });
    expect((await knowing.time.until(knowing.client.request(get('a')))).options).toEqual(options);
    const other = pair(handler);
    expect((await other.time.until(other.client.request(get('a')))).options).toEqual([]);
  });

  it('refuses bodies above its limit', async () => {
    const { time, client } = pair(() => content(bodyOf(5000)), { connect: { maxBodyBytes: 4000 } });
    await expect(time.until(client.request(get('a')))).rejects.toMatchObject({
      code: 'misbehaved',
      reason: 'response_too_large',
    });
    await expect(client.request(put(bodyOf(4001), 'a'))).rejects.toMatchObject({
      code: 'refused',
      reason: 'request_too_large',
    });
  });
});

describe('a server', () => {
  it('gives the handler the request, the session and who is there', async () => {
    let seen: IncomingRequest | undefined;
    const { time, link, client } = pair((request) => {
      seen = request;
      return content('ok');
    });
    await time.until(
      client.request({
        ...put(bodyOf(2000), 'a'),
        options: [...get('a').options, uintOption(OptionNumber.Accept, 60)],
      }),
    );
    expect(seen).toMatchObject({
      code: Code.PUT,
      payload: bodyOf(2000),
      peer: { address: '192.0.2.1', port: 5683, validated: true },
    });
    expect(seen!.options.map(({ number }) => number)).toEqual([OptionNumber.UriPath, OptionNumber.Accept]);
    expect(seen!.session).toBe(link.server);
    // What the network reuses is not what the handler has.
    expect(new TextDecoder().decode(seen!.options[0]!.value)).toBe('a');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
    ['answers with what is no response', () => ({ code: Code.GET, options: [], payload: NONE })],
    ['answers with nothing', () => undefined as unknown as CoapResponse],
  ])('answers 5.00 without details when the handler %s, and says so', async (_, handler) => {
    const errors: unknown[] = [];
    const { time, client } = pair(handler, { serve: { onError: (error) => void errors.push(error) } });
    const response = await time.until(client.request(get('a')));
    expect(response).toEqual({ code: Code.InternalServerError, options: [], payload: NONE });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(Error);
  });

  it('aborts the signal of a request when its session ends', async () => {
    const requests: IncomingRequest[] = [];
    const { time, link, client, server } = pair((request) => {
      requests.push(request);
      if (requests.length === 1) request.signal.throwIfAborted();
      return never();
    });
    const results = [client.request(get('a')), client.request(get('b'))];
    await time.advance(1000);
    client.close();
    link.server.end(undefined);
    // The first was asked for before, the second only now.
    expect(requests.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    for (const result of results) await expect(result).rejects.toMatchObject({ code: 'closed' });
    expect(server.stats().sessions).toBe(0);
    await time.advance(400_000);
    expect(time.timers).toBe(0);
  });

  it('leaves the signal of a request alone that was answered before', async () => {
    const signals: AbortSignal[] = [];
    const { time, link, client } = pair(async ({ signal }) => {
      signals.push(signal);
      return content('ok');
    });
    await time.until(client.request(get('a')));
    client.close();
    link.server.end(undefined);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it('ignores an answer to a session that has ended', async () => {
    let answer = (_: CoapResponse) => {};
    const { time, link, client } = pair(
      () =>
        new Promise<CoapResponse>((resolve) => {
          answer = resolve;
        }),
    );
    const result = client.request(get('a'));
    await time.advance(1000);
    link.server.end(undefined);
    const sent = link.log.length;
    answer(content('late'));
    client.close();
    await expect(result).rejects.toMatchObject({ code: 'closed' });
    await time.advance(1000);
    expect(link.log).toHaveLength(sent);
  });

  it('forgets a session whose pipe does not take a datagram', async () => {
    const { time, link, client, server } = pair(() => content('ok'));
    link.server.send = () => {
      throw new Error('gone');
    };
    const result = client.request(get('a'), { timeout: 1000 });
    await expect(time.until(result)).rejects.toMatchObject({ reason: 'deadline' });
    expect(server.stats().sessions).toBe(0);
    expect(link.server.closed).toBe(true);
  });

  it('serves many pipes of a listener with one timer, and counts over all of them', async () => {
    const time = new VirtualTime();
    const listener = new VirtualListener();
    const server = listen(listener, { platform: time.platform(1), handler: never });
    const clients = Array.from({ length: 50 }, (_, i) => {
      const link = new VirtualLink(time, { seed: i });
      listener.onPipe?.(link.server);
      return { link, client: connect(link.client, { platform: time.platform(i + 2) }) };
    });
    const results = clients.map(({ client }) => client.request(get('a')));
    await time.advance(50);
    // 50 clients wait with a timer each, the server with one.
    expect(time.timers).toBe(51);
    expect(server.stats()).toMatchObject({ sessions: 50, requests: 50, datagramsReceived: 50 });
    await time.advance(1000);
    expect(server.stats().datagramsSent).toBe(50);
    for (const { link, client } of clients) {
      client.close();
      link.server.end(undefined);
    }
    for (const result of results) await expect(result).rejects.toMatchObject({ code: 'closed' });
    expect(server.stats()).toMatchObject({ sessions: 0, requests: 50, datagramsSent: 50 });
    await server.close();
    expect(listener.closed).toBe(1);
  });

  it('keeps sessions apart: the same token, Message ID and path from two peers are two requests', async () => {
    const time = new VirtualTime();
    const listener = new VirtualListener();
    const sessions = new Set<object>();
    listen(listener, {
      platform: time.platform(1),
      handler: (request) => {
        sessions.add(request.session);
        return content(bodyOf(3000, sessions.size));
      },
    });
    const ask = (seed: number) => {
      const link = new VirtualLink(time);
      listener.onPipe?.(link.server);
      return connect(link.client, { platform: time.platform(seed) }).request(get('a'));
    };
    const [one, two] = await time.until(Promise.all([ask(7), ask(7)]));
    expect(sessions.size).toBe(2);
    expect([one!.payload, two!.payload]).toEqual([bodyOf(3000, 1), bodyOf(3000, 2)]);
  });

  it('refuses request bodies above its limit with 4.13, and the limit', async () => {
    const { time, client } = pair(() => content('ok'), { serve: { maxBodyBytes: 2000 } });
    const response = await time.until(client.request(put(bodyOf(2001), 'a')));
    expect(response).toEqual({
      code: Code.RequestEntityTooLarge,
      options: [uintOption(OptionNumber.Size1, 2000)],
      payload: NONE,
    });
  });

  it('says in a 4.13 what the application has to say, if that fits and is said at all', async () => {
    const error = { options: [uintOption(OptionNumber.ContentFormat, 60)], payload: bodyOf(30) };
    const errors: unknown[] = [];
    const refusal = async (describeTooLarge: () => typeof error) => {
      const { time, client } = pair(() => content('ok'), {
        serve: { maxBodyBytes: 2000, describeTooLarge, onError: (thrown) => void errors.push(thrown) },
      });
      return time.until(client.request(put(bodyOf(2001), 'a')));
    };
    const size = uintOption(OptionNumber.Size1, 2000);
    expect(await refusal(() => error)).toEqual({
      code: Code.RequestEntityTooLarge,
      options: [...error.options, size],
      payload: error.payload,
    });
    const bare = { code: Code.RequestEntityTooLarge, options: [size], payload: NONE };
    expect(await refusal(() => ({ ...error, payload: bodyOf(2000) }))).toEqual(bare);
    const throwing = () => {
      throw new Error('out of words');
    };
    expect(await refusal(throwing)).toEqual(bare);
    expect(errors).toMatchObject([{ message: 'out of words' }]);
  });

  it('holds bodies in blocks within the memory it is given', async () => {
    for (const limits of [{ maxPeerBytes: 3000 }, { maxTotalBytes: 3000 }]) {
      const { time, client } = pair(() => content(bodyOf(3000)), { serve: limits });
      expect((await time.until(client.request(put(bodyOf(5000), 'a')))).code).toBe(Code.RequestEntityTooLarge);
      expect((await time.until(client.request(put(bodyOf(1500), 'a')))).code).not.toBe(Code.RequestEntityTooLarge);
    }
  });

  it('lets go of bodies that nobody asks for any more, one after the other', async () => {
    const calls: string[] = [];
    const { time, link, client } = pair((request) => {
      calls.push(new TextDecoder().decode(request.options[0]!.value));
      return content(bodyOf(5000));
    });
    for (const name of ['a', 'b']) {
      await expect(time.until(client.request(get(name), { timeout: 15 }))).rejects.toMatchObject({
        reason: 'deadline',
      });
      await time.advance(100_000);
    }
    // 247 s and a sweep after 'a', but not after 'b'.
    await time.advance(70_000);
    const ask = (name: string, messageId: number) => {
      const options = [...get(name).options, blockOption(OptionNumber.Block2, { num: 1, more: false, szx: 6 })];
      link.client.send(
        encodeMessage({ type: Type.CON, code: Code.GET, messageId, token: NONE, options, payload: NONE }),
      );
      return time.advance(100);
    };
    await ask('b', 1);
    expect(calls).toEqual(['a', 'b']);
    await ask('a', 2);
    expect(calls).toEqual(['a', 'b', 'a']);
    await time.advance(300_000);
    await ask('b', 3);
    expect(calls).toEqual(['a', 'b', 'a', 'b']);
  });

  it('lets go of what an idle peer left behind', async () => {
    const { time, link, client } = pair(() => content(bodyOf(100_000)));
    const controller = new AbortController();
    const result = client.request(get('a'), { signal: controller.signal });
    await time.advance(500);
    controller.abort();
    await expect(result).rejects.toMatchObject({ code: 'aborted' });
    client.close();
    expect(link.server.closed).toBe(false);
    await time.advance(300_000);
    expect(time.timers).toBe(0);
  });
});

describe('closing a server', () => {
  it('at once ends sessions and listener', async () => {
    const { time, link, client, server } = pair(never);
    const result = client.request(get('a'), { timeout: 5000 });
    await time.advance(100);
    await server.close();
    expect(link.server.closed).toBe(true);
    await expect(time.until(result)).rejects.toMatchObject({ code: 'timed_out' });
    client.close();
    expect(time.timers).toBe(0);
  });

  it('gracefully lets requests in progress finish and answers new ones 5.03', async () => {
    let answer = (_: CoapResponse) => {};
    const { time, link, client, server } = pair(
      () =>
        new Promise<CoapResponse>((resolve) => {
          answer = resolve;
        }),
    );
    const slow = client.request(get('slow'));
    await time.advance(1000);
    let closed = false;
    const closing = server.close({ graceful: 60_000 }).then(() => {
      closed = true;
    });
    expect(await time.until(client.request(get('new')))).toMatchObject({ code: Code.ServiceUnavailable });
    await time.advance(1000);
    expect(closed).toBe(false);
    answer(content(bodyOf(5000)));
    expect((await time.until(slow)).payload).toEqual(bodyOf(5000));
    await time.until(closing);
    expect(time.now()).toBeLessThan(5000);
    expect(link.server.closed).toBe(true);
  });

  it('gracefully is over at once when nothing is in progress', async () => {
    const { time, client, server } = pair(() => content('ok'));
    await time.until(client.request(get('a')));
    await server.close({ graceful: 60_000 });
    client.close();
    expect(time.timers).toBe(0);
  });

  it('gracefully has an end: the bound', async () => {
    const { time, client, server } = pair(never);
    const result = client.request(get('a'), { timeout: 100_000 });
    result.catch(() => {});
    await time.advance(100);
    await time.until(server.close({ graceful: 3000 }));
    expect(time.now()).toBe(3100);
    await expect(time.until(result)).rejects.toMatchObject({ code: 'timed_out' });
  });

  it('turns away pipes that come during it: 5.03 first, closed afterwards', async () => {
    const time = new VirtualTime();
    const listener = new VirtualListener();
    const server = listen(listener, { platform: time.platform(1), handler: never });
    const old = new VirtualLink(time);
    listener.onPipe?.(old.server);
    connect(old.client, { platform: time.platform(2) })
      .request(get('a'))
      .catch(() => {});
    await time.advance(100);
    const closing = server.close({ graceful: 2000 });
    const late = new VirtualLink(time);
    listener.onPipe?.(late.server);
    const response = await time.until(connect(late.client, { platform: time.platform(3) }).request(get('b')));
    expect(response.code).toBe(Code.ServiceUnavailable);
    await time.until(closing);
    expect(late.server.closed).toBe(true);
    const after = new VirtualLink(time);
    listener.onPipe?.(after.server);
    expect(after.server.closed).toBe(true);
  });
});

describe('pipes of other packages', () => {
  it('fit, whatever reasons and richer pipes they name', () => {
    interface Richer extends Omit<DatagramPipe, 'onClose'> {
      onClose: ((reason: Error | undefined) => void) | undefined;
      readonly connectionId: string;
    }
    interface RicherListener {
      onPipe: ((pipe: Richer) => void) | undefined;
      close(): Promise<void>;
    }
    // What is checked here is that it compiles.
    const use = (pipe: Richer, listener: RicherListener, time: VirtualTime) => {
      connect(pipe, { platform: time.platform(1) });
      serve(pipe, { platform: time.platform(1), handler: never });
      listen(listener, { platform: time.platform(1), handler: never });
    };
    expect(use).toBeTypeOf('function');
  });
});
