import type { Step } from '../step.ts';

/** Against a homeserver that lets a user make three rooms or events at once, and then one in five seconds. */
export const rateLimitScript: readonly Step[] = [
  {
    name: 'a user registers',
    request: 'POST /v3/register',
    body: { username: 'hasty_{run}', password: 'x-{run}', auth: { type: 'm.login.dummy' } },
    capture: { hasty: '/access_token', hasty_id: '/user_id' },
  },
  { name: 'and makes a room', request: 'POST /v3/createRoom', as: 'hasty', body: {}, capture: { room: '/room_id' } },
  ...['one', 'two'].map(
    (word): Step => ({
      name: `event ${word} goes through`,
      request: `PUT /v3/rooms/{room}/send/m.room.message/${word}`,
      as: 'hasty',
      body: { msgtype: 'm.text', body: word },
    }),
  ),
  {
    name: 'event three is too much',
    request: 'PUT /v3/rooms/{room}/send/m.room.message/three',
    as: 'hasty',
    body: { msgtype: 'm.text', body: 'three' },
    status: 429,
    errcode: 'M_LIMIT_EXCEEDED',
  },
  {
    name: 'a transaction that went through is still known',
    request: 'PUT /v3/rooms/{room}/send/m.room.message/one',
    as: 'hasty',
    body: { msgtype: 'm.text', body: 'one' },
  },
];
