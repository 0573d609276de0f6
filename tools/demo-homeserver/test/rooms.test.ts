import { describe, expect, it } from 'vitest';
import type { Json } from '../src/json.ts';
import { type Client, startHomeserver } from './client.ts';

async function people() {
  const { register } = await startHomeserver();
  return { alice: await register('alice'), bob: await register('bob'), carol: await register('carol') };
}

const create = async (client: Client, body: { readonly [key: string]: Json } = {}) =>
  (await client.request('POST /createRoom', body)).text('/room_id');

const say = (client: Client, room: string, body: string) =>
  client.request(`PUT /rooms/${room}/send/m.room.message/${body}`, { msgtype: 'm.text', body });

const bodies = async (client: Client, room: string) =>
  (
    await client.request(`GET /rooms/${room}/messages?dir=f&limit=100&filter=%7B%22types%22:[%22m.room.message%22]%7D`)
  ).at('/chunk/*/content/body');

describe('history visibility', () => {
  const scene = async (visibility: string) => {
    const { alice, bob, carol } = await people();
    const room = await create(alice, {
      initial_state: [{ type: 'm.room.history_visibility', content: { history_visibility: visibility } }],
    });
    await say(alice, room, 'before');
    await alice.request(`POST /rooms/${room}/invite`, { user_id: bob.id });
    await say(alice, room, 'invited');
    await bob.request(`POST /rooms/${room}/join`);
    await say(alice, room, 'joined');
    await bob.request(`POST /rooms/${room}/leave`);
    await say(alice, room, 'after');
    return { room, alice, bob, carol };
  };

  it.each([
    ['shared', ['before', 'invited', 'joined']],
    ['invited', ['invited', 'joined']],
    ['joined', ['joined']],
    ['world_readable', ['before', 'invited', 'joined', 'after']],
    ['nonsense', ['before', 'invited', 'joined']],
  ])('%s shows who came and left what it says', async (visibility, seen) => {
    const { room, bob } = await scene(visibility);
    expect(await bodies(bob, room)).toEqual(seen);
  });

  it('that is world_readable lets strangers read but not speak', async () => {
    const { room, carol } = await scene('world_readable');
    expect(await bodies(carol, room)).toEqual(['before', 'invited', 'joined', 'after']);
    expect((await carol.request(`GET /rooms/${room}/state/m.room.create`)).status).toBe(200);
    expect((await say(carol, room, 'hello')).status).toBe(403);
  });

  it('counts as it was when something was said', async () => {
    const { room, alice, bob } = await scene('joined');
    await alice.request(`PUT /rooms/${room}/state/m.room.history_visibility`, { history_visibility: 'shared' });
    await say(alice, room, 'open');
    await alice.request(`POST /rooms/${room}/invite`, { user_id: bob.id });
    await bob.request(`POST /rooms/${room}/join`);
    expect(await bodies(bob, room)).toEqual(['joined', 'open']);
  });

  it('hides single events alike', async () => {
    const { room, alice, bob } = await scene('joined');
    const { body } = await alice.request(`GET /rooms/${room}/messages?dir=b&limit=1`);
    const after = (body as { chunk: { event_id: string }[] }).chunk[0]?.event_id;
    expect((await alice.request(`GET /rooms/${room}/event/${after}`)).status).toBe(200);
    expect((await bob.request(`GET /rooms/${room}/event/${after}`)).at('/errcode')).toBe('M_NOT_FOUND');
  });
});

describe('who left', () => {
  it('sees state and members as they were then', async () => {
    const { alice, bob, carol } = await people();
    const room = await create(alice, { preset: 'public_chat', name: 'then' });
    await bob.request(`POST /join/${room}`);
    await bob.request(`POST /rooms/${room}/leave`);
    await alice.request(`PUT /rooms/${room}/state/m.room.name`, { name: 'now' });
    await carol.request(`POST /join/${room}`);
    expect((await bob.request(`GET /rooms/${room}/state/m.room.name`)).body).toEqual({ name: 'then' });
    expect((await bob.request(`GET /rooms/${room}/members`)).at('/chunk/*/state_key')).toEqual([alice.id, bob.id]);
    expect((await bob.request(`GET /rooms/${room}/joined_members`)).status).toBe(403);
  });

  it('without ever having been in sees nothing', async () => {
    const { alice, bob } = await people();
    const room = await create(alice, { invite: [bob.id] });
    const look = async () => (await bob.request(`GET /rooms/${room}/state`)).status;
    expect(await look()).toBe(403);
    await bob.request(`POST /rooms/${room}/leave`);
    expect(await look()).toBe(403);
  });

  it('sees it still when invited again', async () => {
    const { alice, bob } = await people();
    const room = await create(alice, { invite: [bob.id] });
    await bob.request(`POST /join/${room}`);
    await say(alice, room, 'one');
    await bob.request(`POST /rooms/${room}/leave`);
    await say(alice, room, 'two');
    await alice.request(`PUT /rooms/${room}/state/m.room.name`, { name: 'now' });
    await alice.request(`POST /rooms/${room}/invite`, { user_id: bob.id });
    expect(await bodies(bob, room)).toEqual(['one']);
    expect((await bob.request(`GET /rooms/${room}/state/m.room.name`)).status).toBe(404);
  });

  it('may forget, until back', async () => {
    const { alice, bob } = await people();
    const room = await create(alice, { preset: 'public_chat' });
    await bob.request(`POST /join/${room}`);
    const said = (await say(alice, room, 'one')).text('/event_id');
    await bob.request(`POST /rooms/${room}/leave`);
    const since = (await bob.request('GET /sync')).text('/next_batch');
    await bob.request(`POST /rooms/${room}/forget`);
    expect((await bob.request(`GET /rooms/${room}/event/${said}`)).status).toBe(404);
    expect((await bob.request(`GET /rooms/${room}/state`)).status).toBe(403);
    await bob.request(`POST /join/${room}`);
    const synced = await bob.request(`GET /sync?since=${since}`);
    expect(synced.at(`/rooms/join/${room}/timeline/events/0/type`)).toBe('m.room.create');
    expect(await bodies(bob, room)).toEqual(['one']);
  });
});

describe('power levels', () => {
  const setLevels = (client: Client, room: string, content: { readonly [key: string]: Json }) =>
    client.request(`PUT /rooms/${room}/state/m.room.power_levels`, content);

  it('do not let somebody raise a level above their own, or lower one that is', async () => {
    const { alice, bob } = await people();
    const room = await create(alice, { preset: 'public_chat' });
    await bob.request(`POST /join/${room}`);
    const levels = { users: { [alice.id]: 100, [bob.id]: 50 }, events: { 'm.room.power_levels': 50, x: 60 }, ban: 60 };
    expect((await setLevels(alice, room, levels)).status).toBe(200);
    for (const change of [
      { ban: 50 },
      { kick: 51 },
      { events: { ...levels.events, x: 50 } },
      { events: { ...levels.events, y: 51 } },
      { users: { [alice.id]: 100, [bob.id]: 51 } },
      { users: { [alice.id]: 50, [bob.id]: 50 } },
    ]) {
      expect((await setLevels(bob, room, { ...levels, ...change })).status, JSON.stringify(change)).toBe(403);
    }
    expect((await setLevels(bob, room, { ...levels, kick: 40, events: { ...levels.events, y: 50 } })).status).toBe(200);
    expect((await setLevels(bob, room, { ...levels, users: { [alice.id]: 100, [bob.id]: 0 } })).status).toBe(200);
  });

  it('keep equals from throwing each other out', async () => {
    const { alice, bob } = await people();
    const room = await create(alice, { preset: 'trusted_private_chat', invite: [bob.id] });
    await bob.request(`POST /join/${room}`);
    for (const action of ['kick', 'ban']) {
      expect((await bob.request(`POST /rooms/${room}/${action}`, { user_id: alice.id })).status).toBe(403);
    }
  });

  it('decide about invitations and single types', async () => {
    const { alice, bob, carol } = await people();
    const room = await create(alice, {
      invite: [bob.id],
      power_level_content_override: {
        invite: 50,
        events: { 'org.example.x': 10 },
        users: { [alice.id]: 100, [bob.id]: 10 },
      },
    });
    await bob.request(`POST /join/${room}`);
    expect((await bob.request(`POST /rooms/${room}/invite`, { user_id: carol.id })).status).toBe(403);
    expect((await bob.request(`PUT /rooms/${room}/state/org.example.x`, {})).status).toBe(200);
    expect((await bob.request(`PUT /rooms/${room}/send/org.example.x/1`, {})).status).toBe(200);
    expect((await bob.request(`PUT /rooms/${room}/state/org.example.y`, {})).status).toBe(403);
  });
});

describe('creating a room', () => {
  it('leaves nothing behind when it fails half-way', async () => {
    const { alice } = await people();
    const body = {
      room_alias_name: 'tea',
      power_level_content_override: { users: {} },
      name: 'forbidden to its creator',
    };
    expect((await alice.request('POST /createRoom', body)).status).toBe(403);
    expect((await alice.request('GET /joined_rooms')).body).toEqual({ joined_rooms: [] });
    expect((await alice.request('GET /directory/room/%23tea:localhost')).status).toBe(404);
    expect((await alice.request('GET /sync')).at('/rooms')).toBeUndefined();
  });

  it('lets initial state stand in place of what a preset would set', async () => {
    const { alice } = await people();
    const room = await create(alice, {
      preset: 'public_chat',
      initial_state: [
        { type: 'm.room.join_rules', state_key: '', content: { join_rule: 'invite' } },
        { type: 'm.room.power_levels', content: { users: { [alice.id]: 100 }, ban: 7 } },
      ],
    });
    const types = (await alice.request(`GET /rooms/${room}/messages?dir=f`)).at('/chunk/*/type');
    expect(types).toEqual([
      'm.room.create',
      'm.room.member',
      'm.room.history_visibility',
      'm.room.join_rules',
      'm.room.power_levels',
    ]);
    expect((await alice.request(`GET /rooms/${room}/state/m.room.join_rules`)).body).toEqual({ join_rule: 'invite' });
  });

  it('tells invitees that it is direct', async () => {
    const { alice, bob } = await people();
    const room = await create(alice, { invite: [bob.id, bob.id], is_direct: true });
    const events = `/rooms/invite/${room}/invite_state/events`;
    const synced = await bob.request('GET /sync');
    expect(synced.at(`${events}/[state_key=${bob.id}]/content/is_direct`)).toBe(true);
    expect(synced.at(`${events}/[state_key=${alice.id}]/content/membership`)).toBe('join');
  });

  it.each([
    [{ name: 7 }],
    [{ topic: {} }],
    [{ initial_state: {} }],
    [{ initial_state: [7] }],
    [{ initial_state: [{ type: 'x' }] }],
    [{ creation_content: [] }],
    [{ power_level_content_override: 7 }],
    [{ invite: 'bob' }],
    [{ room_alias_name: 'a:b' }],
    [{ preset: 'toString' }],
  ])('refuses %j', async (body) => {
    const { alice } = await people();
    expect((await alice.request('POST /createRoom', body)).status).toBe(400);
  });
});

describe('events', () => {
  it('cannot be members or creations by a plain message', async () => {
    const { alice, bob } = await people();
    const room = await create(alice);
    await alice.request(`PUT /rooms/${room}/send/m.room.member/1`, { membership: 'leave' });
    expect((await alice.request('GET /joined_rooms')).body).toEqual({ joined_rooms: [room] });
    expect((await alice.request(`PUT /rooms/${room}/state/m.room.create`, {})).status).toBe(403);
    expect(
      (await alice.request(`PUT /rooms/${room}/state/m.room.member/nobody`, { membership: 'invite' })).status,
    ).toBe(400);
    expect(
      (await alice.request(`PUT /rooms/${room}/state/m.room.member/${bob.id}`, { membership: 'knock' })).status,
    ).toBe(400);
    expect(
      (await alice.request(`PUT /rooms/${room}/state/m.room.member/${bob.id}`, { membership: 'join' })).status,
    ).toBe(403);
  });

  it.each([
    ['a type of 256 bytes', (room: string) => `PUT /rooms/${room}/send/${'x'.repeat(256)}/1`, 413],
    ['a type of 255 bytes', (room: string) => `PUT /rooms/${room}/send/${'x'.repeat(255)}/1`, 200],
    ['a state key of 256 bytes', (room: string) => `PUT /rooms/${room}/state/x/${'%C3%A4'.repeat(128)}`, 413],
  ])('have sizes: %s', async (_, endpoint, status) => {
    const { alice } = await people();
    expect((await alice.request(endpoint(await create(alice)), {})).status).toBe(status);
  });

  it('have whole numbers of at most 53 bits, at any depth', async () => {
    const { alice } = await people();
    const room = await create(alice);
    const send = async (content: { readonly [key: string]: Json }) =>
      (await alice.request(`PUT /rooms/${room}/state/x`, content)).status;
    expect(await send({ n: Number.MAX_SAFE_INTEGER })).toBe(200);
    expect(await send({ n: Number.MAX_SAFE_INTEGER + 1 })).toBe(400);
    expect(await send({ a: [{ b: -0.5 }] })).toBe(400);
  });
});
