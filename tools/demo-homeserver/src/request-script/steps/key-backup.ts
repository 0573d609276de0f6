import type { Json } from '../../json.ts';
import type { Step } from '../step.ts';

const backup = (version: string): Json => ({
  algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2',
  auth_data: { public_key: version, signatures: {} },
});

const key = (first: number, verified = false): Json => ({
  first_message_index: first,
  forwarded_count: 0,
  is_verified: verified,
  session_data: { ciphertext: `from ${first}`, mac: 'mac', ephemeral: 'ephemeral' },
});

const ROOM = encodeURIComponent('!den:localhost');

/** Backup of room keys on the server. Uses `gus`. */
export const keyBackupSteps: readonly Step[] = [
  {
    name: 'there is no backup at first',
    request: 'GET /v3/room_keys/version',
    as: 'gus',
    status: 404,
    errcode: 'M_NOT_FOUND',
  },
  { name: 'a backup begins', request: 'POST /v3/room_keys/version', as: 'gus', body: backup('one') },
  {
    name: 'it is the latest',
    request: 'GET /v3/room_keys/version',
    as: 'gus',
    values: { '/version': '1', '/count': 0, '/etag': '0', '/auth_data/public_key': 'one' },
  },
  {
    name: 'keys are kept',
    request: 'PUT /v3/room_keys/keys?version=1',
    as: 'gus',
    body: { rooms: { '!den:localhost': { sessions: { first: key(5), second: key(0) } } } },
    values: { '': { count: 2, etag: '1' } },
  },
  {
    name: 'a key that reaches further back takes its place',
    request: `PUT /v3/room_keys/keys/${ROOM}/first?version=1`,
    as: 'gus',
    body: key(2),
    values: { '': { count: 2, etag: '2' } },
  },
  {
    name: 'one that does not, does not',
    request: `PUT /v3/room_keys/keys/${ROOM}?version=1`,
    as: 'gus',
    body: { sessions: { first: key(7) } },
    values: { '': { count: 2, etag: '2' } },
  },
  {
    name: 'a key is read back',
    request: `GET /v3/room_keys/keys/${ROOM}/first?version=1`,
    as: 'gus',
    values: { '/first_message_index': 2 },
  },
  {
    name: 'the keys of a room are read back',
    request: `GET /v3/room_keys/keys/${ROOM}?version=1`,
    as: 'gus',
    values: { '/sessions/second/first_message_index': 0 },
  },
  {
    name: 'all keys are read back',
    request: 'GET /v3/room_keys/keys?version=1',
    as: 'gus',
    values: { '/rooms/!den:localhost/sessions/first/first_message_index': 2 },
  },
  {
    name: 'a key that was not kept is not found',
    request: `GET /v3/room_keys/keys/${ROOM}/third?version=1`,
    as: 'gus',
    status: 404,
    errcode: 'M_NOT_FOUND',
  },
  {
    name: 'a room without keys has none',
    request: `GET /v3/room_keys/keys/${encodeURIComponent('!other:localhost')}?version=1`,
    as: 'gus',
    values: { '': { sessions: {} } },
  },
  {
    name: 'keys belong to a version',
    request: 'GET /v3/room_keys/keys',
    as: 'gus',
    status: 400,
    errcode: 'M_MISSING_PARAM',
  },
  {
    name: 'a version that there is not is not found',
    request: 'GET /v3/room_keys/keys?version=9',
    as: 'gus',
    status: 404,
    errcode: 'M_NOT_FOUND',
  },
  { name: 'a second backup begins', request: 'POST /v3/room_keys/version', as: 'gus', body: backup('two') },
  {
    name: 'the first takes no more keys',
    request: 'PUT /v3/room_keys/keys?version=1',
    as: 'gus',
    body: { rooms: {} },
    status: 403,
    errcode: 'M_WRONG_ROOM_KEYS_VERSION',
  },
  {
    name: 'a backup is signed later',
    request: 'PUT /v3/room_keys/version/2',
    as: 'gus',
    body: { ...(backup('signed') as object), version: '2' },
  },
  {
    name: 'a backup keeps its algorithm',
    request: 'PUT /v3/room_keys/version/2',
    as: 'gus',
    body: { algorithm: 'none', auth_data: {}, version: '2' },
    status: 400,
    errcode: 'M_INVALID_PARAM',
  },
  {
    name: 'the second is as it was signed',
    request: 'GET /v3/room_keys/version/2',
    as: 'gus',
    values: { '/auth_data/public_key': 'signed' },
  },
  { name: 'a key is removed', request: `DELETE /v3/room_keys/keys/${ROOM}/first?version=1`, as: 'gus' },
  { name: 'the rest is removed', request: 'DELETE /v3/room_keys/keys?version=1', as: 'gus', values: { '/count': 0 } },
  { name: 'the second backup ends', request: 'DELETE /v3/room_keys/version/2', as: 'gus' },
  {
    name: 'the first is the latest again',
    request: 'GET /v3/room_keys/version',
    as: 'gus',
    values: { '/version': '1' },
  },
];
