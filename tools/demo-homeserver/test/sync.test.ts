import { describe, expect, it } from 'vitest';
import type { DemoHomeserverOptions } from '../src/index.ts';
import { startHomeserver } from './client.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Alice and bob in a room, both up to date. */
async function party(options: DemoHomeserverOptions = {}) {
  const homeserver = await startHomeserver(options);
  const alice = await homeserver.register('alice');
  const bob = await homeserver.register('bob');
  const created = await alice.request('POST /createRoom', { preset: 'private_chat', invite: [bob.id] });
  const room = created.text('/room_id');
  await bob.request(`POST /rooms/${room}/join`, {});
  const since = (await bob.request('GET /sync')).text('/next_batch');
  let transaction = 0;
  const say = (body: string) => {
    transaction += 1;
    return alice.request(`PUT /rooms/${room}/send/m.room.message/${transaction}`, { msgtype: 'm.text', body });
  };
  return { homeserver, alice, bob, room, since, say };
}

const timelineOf = (room: string) => `/rooms/join/${room}/timeline/events/*/content/body`;
const ephemeralOf = (room: string) => `/rooms/join/${room}/ephemeral/events`;

describe('long-polling', () => {
  it('waits for the timeout when nothing happens', async () => {
    const clock = new VirtualClock();
    const { bob, since } = await party({ clock });
    let answered = false;
    const waiting = bob.request(`GET /sync?timeout=30000&since=${since}`).finally(() => {
      answered = true;
    });
    await clock.waiting(1);
    clock.advance(29_999);
    // Another request goes all the way round, and the waiting one has still not been answered.
    await bob.request('GET /joined_rooms');
    expect(answered).toBe(false);
    clock.advance(1);
    const { status, at } = await waiting;
    expect(status).toBe(200);
    expect(at('/next_batch')).toBe(since);
    expect(at('/rooms')).toBeUndefined();
  });

  it('waits where nothing ever happened', async () => {
    const clock = new VirtualClock();
    const bob = await (await startHomeserver({ clock })).register('bob');
    const since = (await bob.request('GET /sync')).text('/next_batch');
    const waiting = bob.request(`GET /sync?timeout=30000&since=${since}`);
    await clock.waiting(1);
    clock.advance(30_000);
    expect((await waiting).at('/next_batch')).toBe(since);
  });

  it('waits an hour at most', async () => {
    const clock = new VirtualClock();
    const { bob, since } = await party({ clock });
    const waiting = bob.request(`GET /sync?timeout=999999999999999&since=${since}`);
    await clock.waiting(1);
    clock.advance(3_600_000);
    expect((await waiting).at('/rooms')).toBeUndefined();
  });

  it('answers at once when something happens', async () => {
    const clock = new VirtualClock();
    const { bob, since, say, room } = await party({ clock });
    const waiting = bob.request(`GET /sync?timeout=30000&since=${since}`);
    await clock.waiting(1);
    await say('Hello');
    expect((await waiting).at(timelineOf(room))).toEqual(['Hello']);
  });

  it('sleeps on when it happens where the user is not', async () => {
    const clock = new VirtualClock();
    const { homeserver, alice, bob, since, say, room } = await party({ clock });
    const carol = await homeserver.register('carol');
    const waiting = bob.request(`GET /sync?timeout=30000&since=${since}`);
    await clock.waiting(1);
    await carol.request('POST /createRoom', {});
    await alice.request(`PUT /user/${alice.id}/account_data/org.example.x`, {});
    await say('At last');
    expect((await waiting).at(timelineOf(room))).toEqual(['At last']);
  });

  it('sleeps on when a filter hides what happens, and wakes for the rest', async () => {
    const clock = new VirtualClock();
    const { bob, since, alice, room } = await party({ clock });
    const filter = encodeURIComponent(JSON.stringify({ room: { ephemeral: { not_types: ['m.typing'] } } }));
    const waiting = bob.request(`GET /sync?timeout=30000&since=${since}&filter=${filter}`);
    await clock.waiting(1);
    await alice.request(`PUT /rooms/${room}/typing/${alice.id}`, { typing: true, timeout: 1000 });
    await alice.request(`POST /rooms/${room}/receipt/m.read/$nothing`);
    expect((await waiting).at(`${ephemeralOf(room)}/*/type`)).toEqual(['m.receipt']);
  });

  it('does not wait for a first sync or for full state', async () => {
    const { bob, since } = await party({ clock: new VirtualClock() });
    expect((await bob.request('GET /sync?timeout=30000')).status).toBe(200);
    expect((await bob.request(`GET /sync?timeout=30000&full_state=true&since=${since}`)).status).toBe(200);
  });

  it('ends when the client hangs up', async () => {
    const clock = new VirtualClock();
    const { homeserver, bob, since } = await party({ clock });
    const hangUp = new AbortController();
    const waiting = homeserver.send('GET', `/_matrix/client/v3/sync?timeout=30000&since=${since}`, {
      headers: { authorization: `Bearer ${bob.token}` },
      signal: hangUp.signal,
    });
    const refused = expect(waiting).rejects.toThrow('aborted');
    await clock.waiting(1);
    hangUp.abort();
    await refused;
    await clock.waiting(0);
  });

  it('ends when the homeserver closes', async () => {
    const clock = new VirtualClock();
    const { homeserver, bob, since } = await party({ clock });
    const waiting = bob.request(`GET /sync?timeout=30000&since=${since}`);
    const refused = expect(waiting).rejects.toThrow('fetch failed');
    await clock.waiting(1);
    await homeserver.close();
    await refused;
  });
});

describe('a limited timeline', () => {
  it('comes with the state before it, even where it changes that state', async () => {
    const { alice, bob, room, since } = await party();
    for (const name of ['one', 'two', 'three']) await alice.request(`PUT /rooms/${room}/state/m.room.name`, { name });
    const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 1 } } }));
    const { at } = await bob.request(`GET /sync?since=${since}&filter=${filter}`);
    expect(at(`/rooms/join/${room}/timeline/events/*/content/name`)).toEqual(['three']);
    expect(at(`/rooms/join/${room}/state/events/*/content/name`)).toEqual(['two']);
  });
});

describe('typing', () => {
  it('ends by itself', async () => {
    const clock = new VirtualClock();
    const { alice, bob, room, since } = await party({ clock });
    await alice.request(`PUT /rooms/${room}/typing/${alice.id}`, { typing: true, timeout: 5000 });
    const seen = await bob.request(`GET /sync?since=${since}`);
    expect(seen.at(ephemeralOf(room))).toEqual([{ type: 'm.typing', content: { user_ids: [alice.id] } }]);
    const waiting = bob.request(`GET /sync?timeout=30000&since=${seen.text('/next_batch')}`);
    clock.advance(5000);
    expect((await waiting).at(ephemeralOf(room))).toEqual([{ type: 'm.typing', content: { user_ids: [] } }]);
  });

  it('goes on when renewed, without telling anybody again', async () => {
    const clock = new VirtualClock();
    const { alice, bob, room, since } = await party({ clock });
    const type = () => alice.request(`PUT /rooms/${room}/typing/${alice.id}`, { typing: true, timeout: 5000 });
    await type();
    const seen = await bob.request(`GET /sync?since=${since}`);
    clock.advance(4000);
    await type();
    clock.advance(4000);
    const later = await bob.request(`GET /sync?since=${seen.text('/next_batch')}`);
    expect(later.at('/rooms')).toBeUndefined();
  });

  it('ends with the membership', async () => {
    const { alice, bob, room } = await party({ clock: new VirtualClock() });
    await bob.request(`PUT /rooms/${room}/typing/${bob.id}`, { typing: true });
    await bob.request(`POST /rooms/${room}/leave`);
    const events = (await alice.request('GET /sync')).at(ephemeralOf(room));
    expect(events).toEqual([{ type: 'm.typing', content: { user_ids: [] } }]);
  });
});

describe('receipts', () => {
  it('are private when they say so', async () => {
    const { alice, bob, room, since, say } = await party();
    const event = (await say('Hello')).text('/event_id');
    await alice.request(`POST /rooms/${room}/receipt/m.read.private/${event}`);
    expect((await bob.request(`GET /sync?since=${since}`)).at(ephemeralOf(room))).toEqual([]);
    expect((await alice.request('GET /sync')).at(`${ephemeralOf(room)}/0/content/${event}/*`)).toHaveLength(1);
  });

  it('keep threads apart', async () => {
    const { alice, bob, room, say } = await party();
    const one = (await say('one')).text('/event_id');
    const two = (await say('two')).text('/event_id');
    await bob.request(`POST /rooms/${room}/receipt/m.read/${one}`, { thread_id: 'main' });
    await bob.request(`POST /rooms/${room}/receipt/m.read/${two}`, { thread_id: one });
    const content = (await alice.request('GET /sync')).at(`${ephemeralOf(room)}/0/content`);
    expect(content).toMatchObject({
      [one]: { 'm.read': { [bob.id]: { thread_id: 'main' } } },
      [two]: { 'm.read': { [bob.id]: { thread_id: one } } },
    });
  });
});

describe('unread notifications', () => {
  const counts = (room: string) => `/rooms/join/${room}/unread_notifications`;

  it('count what others said since the last receipt, and who is named', async () => {
    const { alice, bob, room, say } = await party();
    const read = (await say('read already')).text('/event_id');
    await bob.request(`POST /rooms/${room}/receipt/m.read/${read}`);
    await say('Hello');
    await say('Hello Bob');
    const message = { msgtype: 'm.text', body: 'psst', 'm.mentions': { user_ids: [bob.id] } };
    await alice.request(`PUT /rooms/${room}/send/m.room.message/mention`, message);
    await alice.request(`PUT /rooms/${room}/send/m.room.message/notice`, { msgtype: 'm.notice', body: 'bob' });
    await alice.request(`PUT /rooms/${room}/state/m.room.name`, { name: 'bob' });
    await bob.request(`PUT /rooms/${room}/send/m.room.message/own`, { msgtype: 'm.text', body: 'Hello' });
    const synced = await bob.request('GET /sync');
    expect(synced.at(counts(room))).toEqual({ notification_count: 3, highlight_count: 2 });
  });

  it('do not count what was said before the user came, and a new name is no new start', async () => {
    const { homeserver, alice, room, say } = await party();
    await say('before');
    const carol = await homeserver.register('carol');
    await alice.request(`POST /rooms/${room}/invite`, { user_id: carol.id });
    await carol.request(`POST /rooms/${room}/join`, {});
    await say('after');
    await carol.request(`PUT /profile/${carol.id}/displayname`, { displayname: 'Carol' });
    const synced = await carol.request('GET /sync');
    expect(synced.at(counts(room))).toEqual({ notification_count: 1, highlight_count: 0 });
  });
});

describe('rooms that are left', () => {
  it('tell who only turned an invitation down nothing', async () => {
    const { homeserver, alice, room, say } = await party();
    const carol = await homeserver.register('carol');
    await say('secret');
    await alice.request(`POST /rooms/${room}/invite`, { user_id: carol.id });
    const since = (await carol.request('GET /sync')).text('/next_batch');
    await say('more secrets');
    await alice.request(`PUT /rooms/${room}/state/m.room.name`, { name: 'secret too' });
    await carol.request(`POST /rooms/${room}/leave`);
    const { at } = await carol.request(`GET /sync?since=${since}`);
    expect(at(`/rooms/leave/${room}/timeline/events/*/content/membership`)).toEqual(['leave']);
    expect(at(`/rooms/leave/${room}/state/events`)).toEqual([]);
  });

  it('are told up to the departure, and are not in a first sync', async () => {
    const { bob, room, since, say, alice } = await party();
    await say('for bob');
    await alice.request(`POST /rooms/${room}/kick`, { user_id: bob.id });
    await say('not for bob');
    const { at } = await bob.request(`GET /sync?since=${since}`);
    expect(at(`/rooms/leave/${room}/timeline/events/*/type`)).toEqual(['m.room.message', 'm.room.member']);
    expect((await bob.request('GET /sync')).at('/rooms')).toBeUndefined();
  });
});

describe('filters', () => {
  it.each([
    ['types', { types: ['m.room.message'] }, ['m.room.message']],
    ['a pattern', { types: ['m.room.m*e*'] }, ['m.room.member', 'm.room.message']],
    ['a pattern that would overlap itself', { types: ['m.room.name*name'] }, []],
    ['not_types', { types: ['m.room.*'], not_types: ['*.message', 'm.room.member'] }, ['m.room.name']],
    ['senders', { senders: ['@alice:localhost'], types: ['m.room.m*'] }, ['m.room.message']],
    ['not_senders', { not_senders: ['@alice:localhost'] }, ['m.room.member']],
    ['a limit of nothing', { limit: 0 }, []],
  ])('choose by %s', async (_, timeline, types) => {
    const { alice, bob, room, since, say } = await party();
    await bob.request(`PUT /profile/${bob.id}/displayname`, { displayname: 'Bob' });
    await say('Hello');
    await alice.request(`PUT /rooms/${room}/state/m.room.name`, { name: 'Tea' });
    const filter = encodeURIComponent(JSON.stringify({ room: { timeline } }));
    const { at } = await bob.request(`GET /sync?since=${since}&filter=${filter}`);
    expect(at(`/rooms/join/${room}/timeline/events/*/type`)).toEqual(types);
  });

  it('put state that they keep out of the timeline into the state', async () => {
    const { alice, bob, room, since, say } = await party();
    await say('Hello');
    await alice.request(`PUT /rooms/${room}/state/m.room.name`, { name: 'Tea' });
    const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { types: ['m.room.message'] } } }));
    const { at } = await bob.request(`GET /sync?since=${since}&filter=${filter}`);
    expect(at(timelineOf(room))).toEqual(['Hello']);
    expect(at(`/rooms/join/${room}/state/events/*/content`)).toEqual([{ name: 'Tea' }]);
  });
});
