import { decodeMessage, findOption, OptionNumber, uintValue } from '@lb-matrix/coap-codec';
import type { HttpResponse, Upstream } from '@lb-matrix/lb-server';
import { Feature, PrivateOption } from '@lb-matrix/msc3079-mapper';
import { describe, expect, it } from 'vitest';
import { json } from './support/homeserver.ts';
import { Network, type Sighting } from './support/network.ts';
import { Sdk, type SyncBody } from './support/sdk.ts';
import { type WorldOptions, world } from './support/world.ts';

const ROOM = '!room:example.org';
const FORMS = { tables: 2, lean: true } as const;

interface TimelineBody extends SyncBody {
  readonly rooms?: {
    readonly join: Record<string, { readonly timeline: { readonly events: Event[] } }>;
  };
}

interface Event {
  readonly content: object;
  readonly event_id: string;
  readonly unsigned: { readonly transaction_id?: string };
}

/** A client and a server that agree on lean answers, and a homeserver with one room that answers as Synapse does. */
function chat(options: WorldOptions = {}) {
  const there = world();
  const { time } = there;
  const events: Event[] = [];
  const waiting = new Set<() => void>();
  const effects = { beforeAnswer: () => {} };

  const happen = (content: object, transaction?: string): string => {
    const id = `$event${events.length}`;
    events.push({
      content,
      event_id: id,
      origin_server_ts: 1_795_420_000_000 + time.now(),
      sender: '@alice:example.org',
      type: 'm.room.message',
      unsigned: { age: 20, membership: 'join', ...(transaction === undefined ? {} : { transaction_id: transaction }) },
    } as Event);
    // Whoever has sent it has the answer to that first.
    time.setTimer(10, () => {
      for (const wake of [...waiting]) wake();
    });
    return id;
  };
  const sync = async (since: number, timeout: number, signal: AbortSignal): Promise<HttpResponse> => {
    if (events.length === since && timeout > 0) {
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
        time.setTimer(timeout, resolve);
        signal.addEventListener('abort', () => resolve());
      });
    }
    const news = events.slice(since);
    const timeline = { events: news, prev_batch: `s${since}_1`, limited: false };
    const room = { timeline, ephemeral: { events: [] }, unread_notifications: { notification_count: 0 } };
    return json(200, {
      next_batch: `s${events.length}_1`,
      device_one_time_keys_count: { signed_curve25519: 50 },
      ...(news.length === 0 ? {} : { rooms: { join: { [ROOM]: room } } }),
    });
  };
  const upstream: Upstream = async ({ method, target, body, signal }) => {
    const { pathname, searchParams } = new URL(target, 'http://localhost');
    if (pathname.endsWith('/sync')) {
      const since = Number(/\d+/.exec(searchParams.get('since') ?? 's0')![0]);
      return sync(since, Number(searchParams.get('timeout') ?? 0), signal);
    }
    if (method !== 'PUT') return json(200, { user_id: '@alice:example.org' });
    // As canonical JSON has it.
    const content = Object.entries(JSON.parse(new TextDecoder().decode(body))).sort(([a], [b]) => (a < b ? -1 : 1));
    const id = happen(Object.fromEntries(content), pathname.split('/').at(-1)!);
    effects.beforeAnswer();
    return json(200, { event_id: id });
  };

  const network = new Network(time, upstream, FORMS);
  const fetch = there.app({ ...FORMS, ...options, connect: network.connect });
  const ask = (path: string, init?: RequestInit) => there.ask(path, init, fetch);
  const call = (since?: string) => ask(`v3/sync?timeout=30000${since === undefined ? '' : `&since=${since}`}`);
  const next = async (since?: string) => (await (await time.until(call(since))).json()) as TimelineBody;
  const send = (body: string, transaction: string, init?: RequestInit) =>
    ask(`v3/rooms/${ROOM}/send/m.room.message/${transaction}`, {
      ...init,
      method: 'PUT',
      body: JSON.stringify({ msgtype: 'm.text', body }),
    });
  return { ...there, network, fetch, events, effects, happen, call, next, send, ask };
}

const pushes = (sightings: readonly Sighting[]) =>
  sightings
    .filter(({ from }) => from === 'server')
    .map(({ bytes }) => decodeMessage(bytes))
    .flatMap((decoded) => (decoded.kind === 'message' ? [decoded.message] : []))
    .filter(({ options }) => findOption(options, OptionNumber.Observe) !== undefined);

const announcements = (sightings: readonly Sighting[]) =>
  sightings
    .filter(({ from }) => from === 'client')
    .map(({ bytes }) => decodeMessage(bytes))
    .flatMap((decoded) => (decoded.kind === 'message' ? [decoded.message] : []))
    .flatMap(({ options }) => uintValue(options, PrivateOption.Features) ?? []);

const TEXT = 'something that is long enough to be missed when it is left out';
const eventsOf = (body: TimelineBody): Event[] => body.rooms?.join[ROOM]?.timeline.events ?? [];

/** Registered, and told of one event. */
async function started(options?: WorldOptions) {
  const there = chat(options);
  await there.time.until(there.ask('v3/account/whoami'));
  there.happen({ body: 'first' });
  const first = await there.next();
  expect(eventsOf(first)).toEqual(there.events);
  return { ...there, since: first.next_batch };
}

describe('a lean push', () => {
  it('holds an echo as a few bytes, and the app gets the event', async () => {
    const { time, network, events, call, send, since } = await started();
    const waiting = call(since);
    await time.advance(1000);
    await time.until(send(TEXT, 't1'));
    const one = (await (await time.until(waiting)).json()) as TimelineBody;
    expect(eventsOf(one)).toEqual(events.slice(1));
    const again = call(one.next_batch);
    await time.advance(1000);
    network.sightings.length = 0;
    await time.until(send(TEXT, 't2'));
    expect(eventsOf((await (await time.until(again)).json()) as TimelineBody)).toEqual(events.slice(2));
    const [push] = pushes(network.sightings);
    expect(push!.payload[0]).toBe(0xc2);
    expect(Buffer.from(push!.payload).toString('latin1')).not.toMatch(/something|\$event|example/);
    expect(push!.payload.length).toBeLessThan(50);
  });

  it('waits for the answer to what it holds the echo of', async () => {
    const { time, network, events, effects, happen, call, send, since } = await started();
    const waiting = call(since);
    await time.advance(1000);
    // The answer takes its time; what is pushed after it overtakes it.
    effects.beforeAnswer = () => {
      network.latency = 700;
      time.setTimer(5, () => {
        network.latency = 20;
      });
    };
    const sent = send(TEXT, 't1');
    await time.until(sent);
    const body = (await (await time.until(waiting)).json()) as TimelineBody;
    expect(eventsOf(body)).toEqual(events.slice(1));
    happen({ body: 'on' });
    expect(announcements(network.sightings).at(-1)! & Feature.Lean).toBe(Feature.Lean);
  });

  it('that refers to what is not known is asked for in full, and so are all on this connection', async () => {
    const { time, network, events, effects, happen, call, next, send, since, fallbacks } = await started();
    const waiting = call(since);
    await time.advance(1000);
    // The app gives up before it has the answer, which the server takes to be known.
    const control = new AbortController();
    effects.beforeAnswer = () => {
      network.latency = 700;
      control.abort();
      time.setTimer(5, () => {
        network.latency = 20;
      });
    };
    network.sightings.length = 0;
    await expect(time.until(send(TEXT, 't1', { signal: control.signal }))).rejects.toThrow();
    const body = (await (await time.until(waiting)).json()) as TimelineBody;
    expect(eventsOf(body)).toEqual(events.slice(1));
    happen({ body: 'on' });
    expect(eventsOf(await next(body.next_batch))).toEqual(events.slice(2));
    expect(pushes(network.sightings).at(-1)!.payload[0]).toBeLessThan(0xc0);
    expect(announcements(network.sightings).at(-1)! & Feature.Lean).toBe(0);
    expect(fallbacks).toEqual([]);
  });

  it('is in full again after the proxy was restarted, and lean from there on', async () => {
    const { time, network, events, happen, next, since } = await started();
    happen({ body: 'two' });
    const two = await next(since);
    network.restart();
    happen({ body: 'three' });
    network.sightings.length = 0;
    const three = await next(two.next_batch);
    expect(eventsOf(three)).toEqual(events.slice(2));
    happen({ body: 'four' });
    const four = await next(three.next_batch);
    expect(eventsOf(four)).toEqual(events.slice(3));
    const [again, lean] = pushes(network.sightings).filter(({ payload }) => payload.length > 0);
    expect([again!.payload[0], lean!.payload[0]]).toEqual([0xc0, 0xc1]);
    await time.advance(0);
  });

  it('is polled just as well, with the echo in it', async () => {
    const { network, events, next, send, since, time } = await started({ observe: false });
    await time.until(send(TEXT, 't1'));
    network.sightings.length = 0;
    const body = await next(since);
    expect(eventsOf(body)).toEqual(events.slice(1));
    const texts = network.sightings.map(({ bytes }) => Buffer.from(bytes).toString('latin1'));
    expect(texts.filter((text) => text.includes('something'))).toEqual([]);
  });
});

describe('on a bad link', () => {
  it.each([1, 2, 3, 4])('everything arrives once and as it was (seed %i)', async (seed) => {
    const there = chat({ seed });
    const { time, network, events, happen, send, fetch } = there;
    await time.until(there.ask('v3/account/whoami'));
    network.loss = 0.25;
    const sdk = new Sdk(fetch, time);
    for (let i = 0; i < 25; i++) {
      if (i % 3 === 0) await time.until(send(`${TEXT} ${i}`, `t${i}`).catch(() => undefined));
      else happen({ body: `other ${i}` });
      await time.advance(i % 5 === 0 ? 40_000 : 1500);
      if (i === 12) network.restart();
    }
    network.loss = 0;
    await time.advance(300_000);
    expect(sdk.store.received).toEqual(events.map(({ event_id }) => event_id));
    sdk.kill();
  });
});
