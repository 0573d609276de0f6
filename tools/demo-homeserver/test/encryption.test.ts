import { describe, expect, it } from 'vitest';
import type { DemoHomeserverOptions } from '../src/index.ts';
import { startHomeserver } from './client.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Alice and bob share a room; both have synced. */
async function pair(options: DemoHomeserverOptions = {}) {
  const homeserver = await startHomeserver(options);
  const alice = await homeserver.register('alice');
  const bob = await homeserver.register('bob');
  const room = (await alice.request('POST /createRoom', { preset: 'public_chat' })).text('/room_id');
  await bob.request(`POST /rooms/${room}/join`, {});
  const since = (await bob.request('GET /sync')).text('/next_batch');
  const aliceDevice = (await alice.request('GET /account/whoami')).text('/device_id');
  return { homeserver, alice, bob, room, since, aliceDevice };
}

const key = (name: string) => ({ key: name, signatures: {} });
const password = (user: string) => ({
  type: 'm.login.password',
  identifier: { type: 'm.id.user', user },
  password: `${user}-secret`,
});

describe('messages to devices', () => {
  it('stay until a sync goes on from behind them, however often it is repeated', async () => {
    const { alice, bob, since } = await pair();
    const receive = async (from: string) => {
      const { at, text } = await bob.request(`GET /sync?since=${from}`);
      return { next: text('/next_batch'), received: at('/to_device/events/*/content/n') };
    };
    const send = (n: number) =>
      alice.request(`PUT /sendToDevice/m.test/${n}`, { messages: { [bob.id]: { '*': { n } } } });
    await send(1);
    const first = await receive(since);
    expect(first.received).toEqual([1]);
    await send(2);
    expect((await receive(since)).received).toEqual([1, 2]);
    expect((await receive(first.next)).received).toEqual([2]);
    expect((await receive(since)).received).toEqual([2]);
  });

  it('reach each device of a user, and only those that are named', async () => {
    const { homeserver, alice, bob } = await pair();
    const phone = await homeserver.logIn('bob');
    const phoneId = (await phone.request('GET /account/whoami')).text('/device_id');
    await alice.request('PUT /sendToDevice/m.test/1', { messages: { [bob.id]: { [phoneId]: { n: 1 } } } });
    expect((await bob.request('GET /sync')).at('/to_device')).toBeUndefined();
    expect((await phone.request('GET /sync')).at('/to_device/events')).toEqual([
      { type: 'm.test', sender: alice.id, content: { n: 1 } },
    ]);
  });

  it('wake a sync that waits', async () => {
    const clock = new VirtualClock();
    const { alice, bob, since } = await pair({ clock });
    const waiting = bob.request(`GET /sync?timeout=30000&since=${since}`);
    await clock.waiting(1);
    await alice.request('PUT /sendToDevice/m.test/1', { messages: { [bob.id]: { '*': { n: 1 } } } });
    expect((await waiting).at('/to_device/events/*/content/n')).toEqual([1]);
  });
});

describe('one-time keys', () => {
  it('are each given to one claimer only, and the fallback key to all after them', async () => {
    const { alice, bob, aliceDevice } = await pair();
    const names = Array.from({ length: 5 }, (_, index) => `signed_curve25519:${index}`);
    await alice.request('POST /keys/upload', {
      one_time_keys: Object.fromEntries(names.map((name) => [name, key(name)])),
      fallback_keys: { 'signed_curve25519:last': key('last') },
    });
    const claims = await Promise.all(
      Array.from({ length: 8 }, () =>
        bob.request('POST /keys/claim', { one_time_keys: { [alice.id]: { [aliceDevice]: 'signed_curve25519' } } }),
      ),
    );
    const given = claims.flatMap(({ at }) => Object.keys(at(`/one_time_keys/${alice.id}/${aliceDevice}`) as object));
    const last = 'signed_curve25519:last';
    expect(given.toSorted()).toEqual([...names, last, last, last].toSorted());
  });

  it('end with their device', async () => {
    const { alice, bob, aliceDevice } = await pair();
    await alice.request('POST /keys/upload', { one_time_keys: { 'signed_curve25519:a': key('a') } });
    await alice.request('POST /logout');
    const wanted = { one_time_keys: { [alice.id]: { [aliceDevice]: 'signed_curve25519' } } };
    expect((await bob.request('POST /keys/claim', wanted)).at('/one_time_keys')).toEqual({});
  });
});

describe('device lists', () => {
  it('change for those who share a room, when devices come, are renamed and go', async () => {
    const { homeserver, alice, bob, since } = await pair();
    const stranger = await homeserver.register('eve');
    const start = (await stranger.request('GET /sync')).text('/next_batch');
    let from = since;
    const changed = async () => {
      const { at, text } = await bob.request(`GET /sync?since=${from}`);
      from = text('/next_batch');
      return at('/device_lists/changed');
    };
    const tablet = await homeserver.logIn('alice');
    expect(await changed()).toEqual([alice.id]);
    const id = (await tablet.request('GET /account/whoami')).text('/device_id');
    expect(await changed()).toBeUndefined();
    await alice.request(`PUT /devices/${id}`, { display_name: 'tablet' });
    expect(await changed()).toEqual([alice.id]);
    expect((await alice.request('POST /delete_devices', { devices: [id], auth: password('alice') })).status).toBe(200);
    expect(await changed()).toEqual([alice.id]);
    expect((await tablet.request('GET /account/whoami')).status).toBe(401);
    expect((await stranger.request(`GET /sync?since=${start}`)).at('/device_lists')).toBeUndefined();
  });

  it('say whom one shares no room with any more, and /keys/changes says the same', async () => {
    const { alice, bob, room, since } = await pair();
    await bob.request(`POST /rooms/${room}/leave`, {});
    const { at, text } = await bob.request(`GET /sync?since=${since}`);
    expect(at('/device_lists/left')).toEqual([alice.id]);
    const changes = await bob.request(`GET /keys/changes?from=${since}&to=${text('/next_batch')}`);
    expect(changes.at('/left')).toEqual([alice.id]);
  });
});

describe('signatures', () => {
  const signing = (user: string, usage: string, name: string) => ({
    user_id: user,
    usage: [usage],
    keys: { [`ed25519:${name}`]: name },
    signatures: {},
  });

  it('of one’s own device are seen by all, of another’s master key only by who made them', async () => {
    const { alice, bob, aliceDevice } = await pair();
    for (const [client, name] of [
      [alice, 'a'],
      [bob, 'b'],
    ] as const) {
      const uploaded = await client.request('POST /keys/device_signing/upload', {
        master_key: signing(client.id, 'master', `${name}-master`),
        self_signing_key: signing(client.id, 'self_signing', `${name}-self`),
        user_signing_key: signing(client.id, 'user_signing', `${name}-user`),
      });
      expect(uploaded.status).toBe(200);
    }
    await alice.request('POST /keys/upload', {
      device_keys: { user_id: alice.id, device_id: aliceDevice, algorithms: [], keys: {}, signatures: {} },
    });
    const own = await alice.request('POST /keys/signatures/upload', {
      [alice.id]: { [aliceDevice]: { signatures: { [alice.id]: { 'ed25519:a-self': 'by alice' } } } },
    });
    const other = await bob.request('POST /keys/signatures/upload', {
      [alice.id]: { 'a-master': { signatures: { [bob.id]: { 'ed25519:b-user': 'by bob' } } } },
    });
    expect([own.at('/failures'), other.at('/failures')]).toEqual([{}, {}]);
    const seenBy = async (client: typeof alice) => {
      const { at } = await client.request('POST /keys/query', { device_keys: { [alice.id]: [] } });
      return [
        at(`/device_keys/${alice.id}/${aliceDevice}/signatures/${alice.id}/ed25519:a-self`),
        at(`/master_keys/${alice.id}/signatures/${bob.id}/ed25519:b-user`),
        at(`/user_signing_keys/${alice.id}/user_id`),
      ];
    };
    expect(await seenBy(alice)).toEqual(['by alice', undefined, alice.id]);
    expect(await seenBy(bob)).toEqual(['by alice', 'by bob', undefined]);
  });
});

describe('a key backup', () => {
  it('that is not the latest names the one that is', async () => {
    const { alice } = await pair();
    const version = { algorithm: 'm.test', auth_data: {} };
    await alice.request('POST /room_keys/version', version);
    await alice.request('POST /room_keys/version', version);
    const { status, at } = await alice.request('PUT /room_keys/keys?version=1', { rooms: {} });
    expect([status, at('/errcode'), at('/current_version')]).toEqual([403, 'M_WRONG_ROOM_KEYS_VERSION', '2']);
  });

  it('never gives a version twice', async () => {
    const { alice } = await pair();
    const begin = async () =>
      (await alice.request('POST /room_keys/version', { algorithm: 'm.test', auth_data: {} })).at('/version');
    expect(await begin()).toBe('1');
    await alice.request('DELETE /room_keys/version/1');
    expect(await begin()).toBe('2');
    expect((await alice.request('GET /room_keys/version')).at('/version')).toBe('2');
  });

  it('keeps the better key: verified, then from further back, then forwarded less', async () => {
    const { alice } = await pair();
    await alice.request('POST /room_keys/version', { algorithm: 'm.test', auth_data: {} });
    const offer = async (verified: boolean, first: number, forwarded: number) => {
      const body = { is_verified: verified, first_message_index: first, forwarded_count: forwarded, session_data: {} };
      return (await alice.request('PUT /room_keys/keys/!r/s?version=1', body)).at('/etag');
    };
    expect(await offer(false, 5, 1)).toBe('1');
    expect(await offer(false, 5, 1)).toBe('1');
    expect(await offer(false, 5, 0)).toBe('2');
    expect(await offer(false, 4, 3)).toBe('3');
    expect(await offer(false, 9, 0)).toBe('3');
    expect(await offer(true, 9, 0)).toBe('4');
    expect(await offer(false, 0, 0)).toBe('4');
  });
});

describe('redaction', () => {
  it('empties an event wherever it is shown, and its edits no longer count', async () => {
    const { alice, bob, room } = await pair();
    const send = async (transaction: string, body: Record<string, never> | object) =>
      (
        await alice.request(`PUT /rooms/${room}/send/m.room.message/${transaction}`, {
          msgtype: 'm.text',
          ...body,
        })
      ).text('/event_id');
    const said = await send('1', { body: 'said' });
    const edit = await send('2', {
      body: '* edited',
      'm.new_content': { msgtype: 'm.text', body: 'edited' },
      'm.relates_to': { rel_type: 'm.replace', event_id: said },
    });
    const relations = `/unsigned/m.relations/m.replace/event_id`;
    expect((await bob.request(`GET /rooms/${room}/event/${said}`)).at(relations)).toBe(edit);
    await alice.request(`PUT /rooms/${room}/redact/${edit}/3`, {});
    expect((await bob.request(`GET /rooms/${room}/event/${said}`)).at(relations)).toBeUndefined();
    const { at } = await bob.request('GET /sync');
    expect(at(`/rooms/join/${room}/timeline/events/[event_id=${edit}]/content`)).toEqual({});
  });

  it('leaves a member in the room and the levels of power as they are', async () => {
    const { alice, bob, room } = await pair();
    const state = (await alice.request(`GET /rooms/${room}/state`)).body as { type: string; event_id: string }[];
    for (const [index, { type, event_id: id }] of state.entries()) {
      const { status } = await alice.request(`PUT /rooms/${room}/redact/${id}/${index}`, {});
      expect(status).toBe(type === 'm.room.create' ? 403 : 200);
    }
    expect((await bob.request(`PUT /rooms/${room}/send/m.test/1`, {})).status).toBe(200);
    expect((await bob.request(`PUT /rooms/${room}/state/m.room.name`, { name: 'x' })).status).toBe(403);
  });
});
