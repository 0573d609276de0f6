import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  compressible,
  createClientSession,
  createServerSession,
  type Deflate,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
} from '../src/index.ts';
import { nodeDeflate } from '../src/node.ts';
import { text, utf8 } from './support.ts';

type Paths = Readonly<Record<string, string>>;
const table = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../src/tables/${name}.json`, import.meta.url), 'utf8'));
const known = [
  ...Object.values(table('paths-v1') as Paths),
  ...Object.values((table('paths-v2') as { appended: Paths }).appended),
];

/** Every endpoint of both path tables, with its parameters filled. */
const ENDPOINTS = known
  .filter((path) => path.startsWith('/_matrix/client/'))
  .map((path) => path.replace('/_matrix/client/', '').replaceAll(/\{[^}]+\}/g, 'x'));

/** Those whose bodies may be compressed, each way. All others, and all that is in no table, may not. */
const ALLOWED: ReadonlySet<string> = new Set(
  [
    ...['send/x/x', 'send/m.room.message/x', 'send/m.room.encrypted/x', 'send/m.reaction/x', 'redact/x/x'],
    ...['state', 'state/x', 'state/x/x', 'event/x', 'context/x', 'messages', 'members', 'joined_members', 'aliases'],
    ...[
      'typing/x',
      'receipt/x/x',
      'receipt/m.read/x',
      'receipt/m.read.private/x',
      'receipt/m.fully_read/x',
      'read_markers',
    ],
    ...['invite', 'join', 'leave', 'forget', 'kick', 'ban', 'unban', 'upgrade'],
  ]
    .map((path) => `v3/rooms/x/${path}`)
    .concat(
      ['relations/x', 'relations/x/x', 'relations/x/x/x', 'threads', 'timestamp_to_event'].map(
        (path) => `v1/rooms/x/${path}`,
      ),
      ['filter', 'filter/x', 'account_data/x', 'rooms/x/account_data/x', 'rooms/x/tags', 'rooms/x/tags/x'].map(
        (path) => `v3/user/x/${path}`,
      ),
      ['upload', 'query', 'claim', 'signatures/upload'].map((path) => `v3/keys/${path}`),
      ['', 'global/', 'global/x/x', 'global/x/x/actions', 'global/x/x/enabled'].map((path) => `v3/pushrules/${path}`),
      [
        'profile/x',
        'profile/x/displayname',
        'profile/x/avatar_url',
        'profile/x/x',
        'presence/x/status',
        'devices',
        'devices/x',
      ].map((path) => `v3/${path}`),
      [
        'createRoom',
        'join/x',
        'knock/x',
        'directory/room/x',
        'capabilities',
        'sendToDevice/x/x',
        'sendToDevice/m.room.encrypted/x',
      ].map((path) => `v3/${path}`),
    ),
);
/** Those with a rule of their own. */
const SPECIAL = ['versions', 'v3/sync', 'v4/sync', 'unstable/org.matrix.simplified_msc3575/sync'];

/** Those that the rules name, which nobody may let in by a wider pattern (docs/security.md). */
const SECRET_ENDPOINTS =
  /^v\d\/(?:login|register|refresh|logout|account|delete_devices|keys\/device_signing|user\/x\/openid|voip|room_keys|search|notifications|publicRooms|pushers)(?:\/|$)/;

const SECRET = 'the secret of somebody, the secret of somebody';
const body = utf8(JSON.stringify({ a: SECRET, b: [SECRET] }));
const JSON_TYPE = [['content-type', 'application/json']] as const;

/** Sends a secret to an endpoint and gets one back. Which of the two the compressors saw. */
function seen(method: string, path: string) {
  const fed = { request: '', response: '' };
  const spy = (way: 'request' | 'response'): Deflate => ({
    ...nodeDeflate(),
    compress(data, dictionary) {
      fed[way] += new TextDecoder('latin1').decode(data);
      return nodeDeflate().compress(data, dictionary);
    },
  });
  const client = createClientSession({ tables: 2, compression: { deflate: spy('request') } });
  client.agreed = client.announced;
  client.features = client.announced;
  client.unsettled.clear();
  const server = createServerSession({ tables: 2, compression: { deflate: spy('response') } });
  server.features = client.announced;
  const target = `/_matrix/client/${path}`;
  const mapped = requestToCoap({ method, target, headers: [], ...(method === 'GET' ? {} : { body }) }, client);
  const http = requestToHttp(mapped, server);
  expect(http.target.split('?')[0]).toBe(target);
  if (method !== 'GET') expect(text(http.body)).toBe(text(body));
  const coap = responseToCoap({ status: 200, headers: JSON_TYPE, body }, http.answer, server);
  expect(text(responseToHttp(coap, mapped, client).body)).toBe(text(body));
  return { request: fed.request.includes(SECRET), response: fed.response.includes(SECRET) };
}

describe.each(['GET', 'POST', 'PUT', 'DELETE'])('%s', (method) => {
  it.each(ENDPOINTS.filter((path) => !SPECIAL.includes(path)))(
    '%s reaches the compressor only if it is on the list',
    (path) => {
      const isAllowed = ALLOWED.has(path);
      expect(seen(method, path)).toEqual({ request: isAllowed && method !== 'GET', response: isAllowed });
      if (SECRET_ENDPOINTS.test(path)) expect(isAllowed).toBe(false);
    },
  );
});

it('the list names endpoints of the tables', () => {
  for (const path of ALLOWED) expect(ENDPOINTS).toContain(path);
  expect(ENDPOINTS.filter((path) => SECRET_ENDPOINTS.test(path)).length).toBeGreaterThan(30);
});

it('/versions is compressed, and says nothing of anybody; /sync has what nobody knows go plain', () => {
  expect(seen('GET', 'versions')).toEqual({ request: false, response: true });
  expect(seen('GET', 'v3/sync')).toEqual({ request: false, response: false });
  for (const path of ['v4/sync', 'unstable/org.matrix.simplified_msc3575/sync']) {
    expect(seen('POST', path)).toEqual({ request: true, response: false });
  }
});

it.each(['r0', 'v1', 'unstable', 'v9'])('under %s a secret endpoint stays one', (prefix) => {
  for (const path of ENDPOINTS.filter((each) => SECRET_ENDPOINTS.test(each))) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const rule = compressible(method, `/_matrix/client/${prefix}${path.slice(2)}?a=b`);
      expect(rule).toEqual({ request: 'never', response: 'never' });
    }
  }
});

it.each(['//', '/./', '/x/../', '/%2e%2e/', ';/'])(
  'no spelling of a path with %s gets another rule than its own',
  (odd) => {
    for (const path of ['v3/login', 'v3/account/password', 'v3/room_keys/keys']) {
      const target = `/_matrix/client/v3/rooms/x/send/x${odd}${path}`;
      expect(compressible('PUT', target)).toEqual({ request: 'never', response: 'never' });
    }
  },
);
