import type { Step } from '../step.ts';

/** Devices that end, tags, and small things that clients ask for at their start. Uses `fay` and `den`. */
export const deviceSteps: readonly Step[] = [
  {
    name: 'fay logs in on a tablet',
    request: 'POST /v3/login',
    body: {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: 'fay_{run}' },
      password: 'x-{run}',
      device_id: 'FAYSTABLET',
    },
    capture: { tablet: '/access_token' },
  },
  {
    name: 'a device does not go without a password',
    request: 'DELETE /v3/devices/FAYSTABLET',
    as: 'fay',
    body: {},
    status: 401,
    capture: { deleting: '/session' },
  },
  {
    name: 'with it, it does',
    request: 'DELETE /v3/devices/FAYSTABLET',
    as: 'fay',
    body: {
      auth: {
        type: 'm.login.password',
        session: '{deleting}',
        identifier: { type: 'm.id.user', user: '{fay_id}' },
        password: 'x-{run}',
      },
    },
  },
  {
    name: 'its token is worth nothing',
    request: 'GET /v3/account/whoami',
    as: 'tablet',
    status: 401,
    errcode: 'M_UNKNOWN_TOKEN',
  },
  {
    name: 'a room is tagged',
    request: 'PUT /v3/user/{fay_id}/rooms/{den}/tags/m.favourite',
    as: 'fay',
    body: { order: 1 },
  },
  {
    name: 'its tags are listed',
    request: 'GET /v3/user/{fay_id}/rooms/{den}/tags',
    as: 'fay',
    values: { '': { tags: { 'm.favourite': { order: 1 } } } },
  },
  { name: 'a tag is taken away', request: 'DELETE /v3/user/{fay_id}/rooms/{den}/tags/m.favourite', as: 'fay' },
  { name: 'nobody is pushed', request: 'GET /v3/pushers', as: 'fay', values: { '': { pushers: [] } } },
  {
    name: 'presence is taken',
    request: 'PUT /v3/presence/{fay_id}/status',
    as: 'fay',
    body: { presence: 'online' },
  },
  { name: 'and not told', request: 'GET /v3/presence/{fay_id}/status', as: 'fay' },
];
