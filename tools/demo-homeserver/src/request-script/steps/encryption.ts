import type { Json } from '../../json.ts';
import type { Step } from '../step.ts';

const KEY = 'A'.repeat(43);
const MASTER = 'B'.repeat(43);
const OTHER_MASTER = 'C'.repeat(42);

const deviceKeys = (user: string, device: string): Json => ({
  user_id: `{${user}_id}`,
  device_id: device,
  algorithms: ['m.olm.v1.curve25519-aes-sha2', 'm.megolm.v1.aes-sha2'],
  keys: { [`curve25519:${device}`]: KEY, [`ed25519:${device}`]: KEY },
  signatures: { [`{${user}_id}`]: { [`ed25519:${device}`]: KEY } },
});

const masterKey = (key: string): Json => ({
  user_id: '{fay_id}',
  usage: ['master'],
  keys: { [`ed25519:${key}`]: key },
});

const signedKey = (key: string): Json => ({ key, signatures: { '{fay_id}': { 'ed25519:FAYSPHONE': KEY } } });

const register = (user: string, device: string): Step => ({
  name: `${user} registers, to speak in secret`,
  request: 'POST /v3/register',
  body: { username: `${user}_{run}`, password: 'x-{run}', device_id: device, auth: { type: 'm.login.dummy' } },
  capture: { [user]: '/access_token', [`${user}_id`]: '/user_id' },
});

/** What end-to-end encryption asks of a homeserver: keys of devices and messages to them. Captures `gus`, `fay` and the room `den`. */
export const encryptionSteps: readonly Step[] = [
  register('gus', 'GUSPHONE'),
  register('fay', 'FAYSPHONE'),
  {
    name: 'gus opens a den',
    request: 'POST /v3/createRoom',
    as: 'gus',
    body: { preset: 'public_chat', room_version: '11' },
    capture: { den: '/room_id' },
  },
  {
    name: 'gus looks around',
    request: 'GET /v3/sync?timeout=0',
    as: 'gus',
    capture: { gus_since: '/next_batch' },
    values: { '/device_one_time_keys_count': { signed_curve25519: 0 }, '/device_unused_fallback_key_types': [] },
  },
  {
    name: 'fay has keys',
    request: 'POST /v3/keys/upload',
    as: 'fay',
    body: {
      device_keys: deviceKeys('fay', 'FAYSPHONE'),
      one_time_keys: { 'signed_curve25519:one': signedKey('one'), 'signed_curve25519:two': signedKey('two') },
      fallback_keys: { 'signed_curve25519:last': { ...(signedKey('last') as object), fallback: true } },
    },
    values: { '/one_time_key_counts': { signed_curve25519: 2 } },
  },
  {
    name: "keys are the device's own",
    request: 'POST /v3/keys/upload',
    as: 'fay',
    body: { device_keys: deviceKeys('gus', 'GUSPHONE') },
    status: 400,
    errcode: 'M_BAD_JSON',
  },
  {
    name: 'keys have names',
    request: 'POST /v3/keys/upload',
    as: 'fay',
    body: { one_time_keys: { one: signedKey('one') } },
    status: 400,
    errcode: 'M_BAD_JSON',
  },
  {
    name: 'a one-time key stays what it is',
    request: 'POST /v3/keys/upload',
    as: 'fay',
    body: { one_time_keys: { 'signed_curve25519:one': signedKey('another') } },
    status: 400,
    errcode: 'M_UNKNOWN',
  },
  {
    name: 'the same one-time key may come again',
    request: 'POST /v3/keys/upload',
    as: 'fay',
    body: { one_time_keys: { 'signed_curve25519:one': signedKey('one') } },
    values: { '/one_time_key_counts': { signed_curve25519: 2 } },
  },
  {
    name: 'fay sees what is left of her keys',
    request: 'GET /v3/sync?timeout=0',
    as: 'fay',
    capture: { fay_since: '/next_batch' },
    values: {
      '/device_one_time_keys_count': { signed_curve25519: 2 },
      '/device_unused_fallback_key_types': ['signed_curve25519'],
    },
  },
  { name: 'fay enters the den', request: 'POST /v3/rooms/{den}/join', as: 'fay', body: {} },
  {
    name: 'gus learns that there are keys to ask for',
    request: 'GET /v3/sync?timeout=20000&since={gus_since}',
    as: 'gus',
    capture: { gus_since: '/next_batch' },
    values: { '/device_lists': { changed: ['{fay_id}'] } },
  },
  {
    name: 'fay learns of gus',
    request: 'GET /v3/sync?timeout=20000&since={fay_since}',
    as: 'fay',
    capture: { fay_since: '/next_batch' },
  },
  {
    name: "gus asks for fay's keys",
    request: 'POST /v3/keys/query',
    as: 'gus',
    body: { device_keys: { '{fay_id}': [] } },
    values: {
      '/device_keys/{fay_id}/FAYSPHONE/keys/ed25519:FAYSPHONE': KEY,
      '/device_keys/{fay_id}/FAYSPHONE/user_id': '{fay_id}',
    },
  },
  {
    name: 'a device that is not there has no keys',
    request: 'POST /v3/keys/query',
    as: 'gus',
    body: { device_keys: { '{fay_id}': ['NOSUCH'] } },
    values: { '/device_keys/{fay_id}/FAYSPHONE': undefined },
  },
  {
    name: 'a question for keys names devices',
    request: 'POST /v3/keys/query',
    as: 'gus',
    body: {},
    status: 400,
    errcode: 'M_BAD_JSON',
  },
  ...['one', 'two', 'last', 'last'].map(
    (key, index): Step => ({
      name: `gus claims key ${index}`,
      request: 'POST /v3/keys/claim',
      as: 'gus',
      body: { one_time_keys: { '{fay_id}': { FAYSPHONE: 'signed_curve25519' } } },
      values: { [`/one_time_keys/{fay_id}/FAYSPHONE/signed_curve25519:${key}/key`]: key },
    }),
  ),
  {
    name: 'no key comes from where there is none',
    request: 'POST /v3/keys/claim',
    as: 'fay',
    body: { one_time_keys: { '{gus_id}': { GUSPHONE: 'signed_curve25519' } } },
    values: { '/one_time_keys': {} },
  },
  {
    name: 'gus sends to the device',
    request: 'PUT /v3/sendToDevice/m.room.encrypted/to-1',
    as: 'gus',
    body: { messages: { '{fay_id}': { FAYSPHONE: { ciphertext: 'first' } } } },
  },
  {
    name: 'gus sends it again',
    request: 'PUT /v3/sendToDevice/m.room.encrypted/to-1',
    as: 'gus',
    body: { messages: { '{fay_id}': { FAYSPHONE: { ciphertext: 'first' } } } },
  },
  {
    name: 'gus sends to all devices',
    request: 'PUT /v3/sendToDevice/m.room.encrypted/to-2',
    as: 'gus',
    body: { messages: { '{fay_id}': { '*': { ciphertext: 'second' } }, '@nobody_{run}:localhost': { '*': {} } } },
  },
  {
    name: 'messages to devices are there',
    request: 'PUT /v3/sendToDevice/m.room.encrypted/to-3',
    as: 'gus',
    body: {},
    status: 400,
    errcode: 'M_MISSING_PARAM',
  },
  {
    name: 'fay receives each once, and her keys are used up',
    request: 'GET /v3/sync?timeout=20000&since={fay_since}',
    as: 'fay',
    capture: { fay_after: '/next_batch' },
    values: {
      '/to_device/events/*/content/ciphertext': ['first', 'second'],
      '/to_device/events/0/sender': '{gus_id}',
      '/to_device/events/0/type': 'm.room.encrypted',
      '/device_one_time_keys_count': { signed_curve25519: 0 },
      '/device_unused_fallback_key_types': [],
    },
  },
  {
    name: 'fay lost the answer and asks again',
    request: 'GET /v3/sync?timeout=20000&since={fay_since}',
    as: 'fay',
    values: { '/to_device/events/*/content/ciphertext': ['first', 'second'] },
  },
  {
    name: 'fay goes on',
    request: 'GET /v3/sync?timeout=0&since={fay_after}',
    as: 'fay',
    values: { '/to_device': undefined },
  },
  {
    name: 'what she has acknowledged is gone',
    request: 'GET /v3/sync?timeout=0&since={fay_since}',
    as: 'fay',
    values: { '/to_device': undefined },
  },
  {
    name: 'a waiting sync is woken by a message to the device',
    request: 'GET /v3/sync?timeout=20000&since={fay_after}',
    as: 'fay',
    capture: { fay_since: '/next_batch' },
    values: { '/to_device/events/*/content/ciphertext': ['third'] },
    meanwhile: {
      name: 'gus wakes fay',
      request: 'PUT /v3/sendToDevice/m.room.encrypted/to-4',
      as: 'gus',
      body: { messages: { '{fay_id}': { FAYSPHONE: { ciphertext: 'third' } } } },
    },
  },
  {
    name: 'fay begins to sign',
    request: 'POST /v3/keys/device_signing/upload',
    as: 'fay',
    body: { master_key: masterKey(MASTER) },
  },
  {
    name: 'the same keys need no password',
    request: 'POST /v3/keys/device_signing/upload',
    as: 'fay',
    body: { master_key: masterKey(MASTER) },
  },
  {
    name: 'other keys do',
    request: 'POST /v3/keys/device_signing/upload',
    as: 'fay',
    body: { master_key: masterKey(`${OTHER_MASTER}A`) },
    status: 401,
    capture: { signing_session: '/session' },
    values: { '/flows/*/stages': [['m.login.password']] },
  },
  {
    name: 'and a wrong one does not help',
    request: 'POST /v3/keys/device_signing/upload',
    as: 'fay',
    body: {
      master_key: masterKey(`${OTHER_MASTER}A`),
      auth: {
        type: 'm.login.password',
        session: '{signing_session}',
        identifier: { type: 'm.id.user', user: 'fay_{run}' },
        password: 'wrong',
      },
    },
    status: 401,
    errcode: 'M_FORBIDDEN',
  },
  {
    name: 'the right one does',
    request: 'POST /v3/keys/device_signing/upload',
    as: 'fay',
    body: {
      master_key: masterKey(`${OTHER_MASTER}A`),
      auth: {
        type: 'm.login.password',
        session: '{signing_session}',
        identifier: { type: 'm.id.user', user: 'fay_{run}' },
        password: 'x-{run}',
      },
    },
  },
  {
    name: 'a signing key is one',
    request: 'POST /v3/keys/device_signing/upload',
    as: 'gus',
    body: { master_key: { user_id: '{gus_id}', usage: ['master'], keys: {} } },
    status: 400,
    errcode: 'M_INVALID_PARAM',
  },
  {
    name: 'gus hears of the new key',
    request: 'GET /v3/sync?timeout=20000&since={gus_since}',
    as: 'gus',
    capture: { gus_since: '/next_batch' },
    values: { '/device_lists': { changed: ['{fay_id}'] } },
  },
  {
    name: 'and sees it',
    request: 'POST /v3/keys/query',
    as: 'gus',
    body: { device_keys: { '{fay_id}': [] } },
    values: { '/master_keys/{fay_id}/usage': ['master'], '/user_signing_keys': {} },
  },
  {
    name: 'without a signing key nothing is signed',
    request: 'POST /v3/keys/signatures/upload',
    as: 'fay',
    body: { '{fay_id}': { FAYSPHONE: deviceKeys('fay', 'FAYSPHONE') } },
    values: { '/failures/{fay_id}/FAYSPHONE/errcode': 'M_NOT_FOUND' },
  },
  {
    name: 'nor for others',
    request: 'POST /v3/keys/signatures/upload',
    as: 'gus',
    body: { '{fay_id}': { [MASTER]: masterKey(MASTER) } },
    values: { [`/failures/{fay_id}/${MASTER}/errcode`]: 'M_NOT_FOUND' },
  },
  {
    name: 'what changed since can be asked for',
    request: 'GET /v3/keys/changes?from={fay_since}&to={fay_since}',
    as: 'gus',
    values: { '/left': [] },
  },
  {
    name: 'a change has a beginning',
    request: 'GET /v3/keys/changes',
    as: 'gus',
    status: 400,
    errcode: 'M_MISSING_PARAM',
  },
  { name: 'fay leaves the den', request: 'POST /v3/rooms/{den}/leave', as: 'fay', body: {} },
  {
    name: 'gus may forget her keys',
    request: 'GET /v3/sync?timeout=20000&since={gus_since}',
    as: 'gus',
    capture: { gus_since: '/next_batch' },
    values: { '/device_lists/left': ['{fay_id}'] },
  },
];
