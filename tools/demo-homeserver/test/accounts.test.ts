import { describe, expect, it } from 'vitest';
import { startHomeserver } from './client.ts';

describe('registration', () => {
  const register = async (homeserver: Awaited<ReturnType<typeof startHomeserver>>, body: object) =>
    homeserver.send('POST', '/_matrix/client/v3/register', { body: JSON.stringify(body) });

  it('remembers what the session began with', async () => {
    const homeserver = await startHomeserver();
    const started = await register(homeserver, { username: 'alice', password: 'alice-secret', inhibit_login: true });
    const auth = { type: 'm.login.dummy', session: started.text('/session') };
    const finished = await register(homeserver, { auth });
    expect(finished.body).toEqual({ user_id: '@alice:localhost', home_server: 'localhost' });
    expect((await homeserver.logIn('alice')).id).toBe('@alice:localhost');
    expect((await register(homeserver, { username: 'bob', password: 'x', auth })).at('/errcode')).toBe('M_UNKNOWN');
  });

  it('forgets the oldest of too many sessions', async () => {
    const homeserver = await startHomeserver();
    const start = async () => (await register(homeserver, { username: 'alice', password: 'x' })).text('/session');
    const first = await start();
    const second = await start();
    for (let count = 2; count < 101; count += 1) await start();
    const finish = (session: string) => register(homeserver, { auth: { type: 'm.login.dummy', session } });
    expect((await finish(first)).at('/errcode')).toBe('M_UNKNOWN');
    expect((await finish(second)).status).toBe(200);
  });

  it('checks the name again when the session ends', async () => {
    const homeserver = await startHomeserver();
    const session = (await register(homeserver, { username: 'alice', password: 'x' })).text('/session');
    await homeserver.register('alice');
    const finished = await register(homeserver, { auth: { type: 'm.login.dummy', session } });
    expect(finished.at('/errcode')).toBe('M_USER_IN_USE');
  });

  it('makes no account when anything is wrong', async () => {
    const homeserver = await startHomeserver();
    const account = { username: 'alice', password: 'x', auth: { type: 'm.login.dummy' } };
    expect((await register(homeserver, { ...account, device_id: 7 })).status).toBe(400);
    expect((await register(homeserver, account)).status).toBe(200);
  });

  it('gives names that are free', async () => {
    const homeserver = await startHomeserver();
    await homeserver.register('2');
    const anybody = { password: 'x', auth: { type: 'm.login.dummy' } };
    expect((await register(homeserver, anybody)).at('/user_id')).toBe('@3:localhost');
    expect((await register(homeserver, anybody)).at('/user_id')).toBe('@4:localhost');
  });

  it('refuses a user id above 255 bytes', async () => {
    const homeserver = await startHomeserver();
    const sized = (length: number) => ({
      username: 'a'.repeat(length - '@:localhost'.length),
      password: 'x',
      auth: { type: 'm.login.dummy' },
    });
    expect((await register(homeserver, sized(256))).at('/errcode')).toBe('M_INVALID_USERNAME');
    expect((await register(homeserver, sized(255))).status).toBe(200);
  });
});

describe('access tokens', () => {
  it('cannot be guessed and are one for each login', async () => {
    const homeserver = await startHomeserver();
    const first = await homeserver.register('alice');
    const second = await homeserver.logIn('alice');
    expect(first.token).toMatch(/^[\w-]{43}$/);
    expect(second.token).not.toBe(first.token);
    expect((await first.request('GET /account/whoami')).status).toBe(200);
  });

  it('end when their device logs in again, which keeps its name', async () => {
    const homeserver = await startHomeserver();
    const { id } = await homeserver.register('alice');
    const logIn = (name: string) =>
      homeserver.send('POST', '/_matrix/client/v3/login', {
        body: JSON.stringify({
          type: 'm.login.password',
          identifier: { type: 'm.id.user', user: id.toUpperCase().replace('LOCALHOST', 'localhost') },
          password: 'alice-secret',
          device_id: 'PHONE',
          initial_device_display_name: name,
        }),
      });
    const whoami = (token: string) =>
      homeserver.send('GET', '/_matrix/client/v3/account/whoami', { headers: { authorization: `Bearer ${token}` } });
    const former = (await logIn('first')).text('/access_token');
    const token = (await logIn('second')).text('/access_token');
    expect((await whoami(former)).at('/errcode')).toBe('M_UNKNOWN_TOKEN');
    expect((await whoami(token)).at('/device_id')).toBe('PHONE');
    const device = await homeserver.send('GET', `/_matrix/client/v3/devices/PHONE?access_token=${token}`);
    expect(device.at('/display_name')).toBe('first');
  });

  it.each(['bearer x', 'Basic x', 'Bearer', 'x'])('are not read from "Authorization: %s"', async (authorization) => {
    const { send } = await startHomeserver();
    const answer = await send('GET', '/_matrix/client/v3/sync', { headers: { authorization } });
    expect(answer.at('/errcode')).toBe('M_MISSING_TOKEN');
  });
});

describe('transactions', () => {
  it('are those of a device, an endpoint and a room', async () => {
    const homeserver = await startHomeserver();
    const phone = await homeserver.register('alice');
    const laptop = await homeserver.logIn('alice');
    const room = (await phone.request('POST /createRoom', {})).text('/room_id');
    const other = (await phone.request('POST /createRoom', {})).text('/room_id');
    const path = `PUT /rooms/${room}/send/m.room.message/t`;
    const send = async (device: typeof phone, endpoint: string) =>
      (await device.request(endpoint, {})).text('/event_id');
    const sent = await send(phone, path);
    expect(await send(phone, path)).toBe(sent);
    const others = [
      await send(laptop, path),
      await send(phone, path.replace('message', 'encrypted')),
      await send(phone, path.replace(room, other)),
    ];
    expect(new Set([sent, ...others]).size).toBe(4);
    const seenBy = async (device: typeof phone) =>
      (await device.request(`GET /rooms/${room}/event/${sent}`)).at('/unsigned/transaction_id');
    expect([await seenBy(phone), await seenBy(laptop)]).toEqual(['t', undefined]);
  });

  it('that failed may be tried again', async () => {
    const { register } = await startHomeserver();
    const alice = await register('alice');
    const bob = await register('bob');
    const room = (await alice.request('POST /createRoom', { invite: [bob.id] })).text('/room_id');
    const send = () => bob.request(`PUT /rooms/${room}/send/m.room.message/t`, {});
    expect((await send()).status).toBe(403);
    await bob.request(`POST /join/${room}`);
    expect((await send()).status).toBe(200);
  });

  it('are remembered up to a hundred a device', async () => {
    const alice = await (await startHomeserver()).register('alice');
    const room = (await alice.request('POST /createRoom', {})).text('/room_id');
    const send = async (txn: number) =>
      (await alice.request(`PUT /rooms/${room}/send/m.room.message/${txn}`, {})).text('/event_id');
    const first = await send(0);
    for (let txn = 1; txn < 100; txn += 1) await send(txn);
    expect(await send(0)).toBe(first);
    await send(100);
    expect(await send(0)).not.toBe(first);
  });
});
