import { readFileSync } from 'node:fs';
import { Code } from '@lb-matrix/coap-codec';
import { describe, expect, it, test } from 'vitest';
import { collapsePath, createServerSession, expandPath, requestToHttp } from '../src/index.ts';
import paths from '../src/tables/paths-v1.json' with { type: 'json' };
import { coap, get, refused } from './support.ts';

const appendix = readFileSync(new URL('fixtures/msc3079-appendix-b.md', import.meta.url), 'utf8')
  .split('\n')
  .map((line) => /^\|(\w)\| *(\/\S+)\|$/.exec(line))
  .filter((match) => match !== null)
  .map((match): [code: string, path: string] => [match[1]!, match[2]!]);

/** A template with its parameters filled: `{roomId}` becomes `<roomId>`, which no literal equals. */
const fill = (path: string): string[] =>
  path
    .slice(1)
    .replace(/\{(\w+)\}/g, '<$1>')
    .split('/');
const parameters = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map((match) => `<${match[1]}>`);

test('R9: the table is Appendix B, spelt with v3', () => {
  expect(appendix).toHaveLength(57);
  expect(new Map(Object.entries(paths))).toEqual(
    new Map(appendix.map(([code, path]) => [code, path.replace('/r0/', '/v3/')])),
  );
});

describe.each(appendix)('R9: enum %s', (code, r0) => {
  const v3 = r0.replace('/r0/', '/v3/');

  it('expands to v3, and to r0 when asked', () => {
    expect(expandPath([code, ...parameters(r0)])).toEqual(fill(v3));
    expect(expandPath([code, ...parameters(r0)], 'v3')).toEqual(fill(v3));
    expect(expandPath([code, ...parameters(r0)], 'r0')).toEqual(fill(r0));
  });

  it('is what the r0 and the v3 path collapse to', () => {
    expect(collapsePath(fill(r0))).toEqual([code, ...parameters(r0)]);
    expect(collapsePath(fill(v3))).toEqual([code, ...parameters(r0)]);
  });

  it('wants exactly its parameters', () => {
    refused('path', () => expandPath([code, ...parameters(r0), 'one more']));
    if (r0.includes('{')) refused('path', () => expandPath([code, ...parameters(r0).slice(1)]));
  });
});

test('R10: parameters fill from left to right', () => {
  expect(expandPath(['9', '!r:hs', 'm.room.message', 'txn'])).toEqual(
    '_matrix/client/v3/rooms/!r:hs/send/m.room.message/txn'.split('/'),
  );
});

test('R9: a full path is accepted as it is, whatever its version', () => {
  for (const path of ['_matrix/client/v1/rooms/!r/threads', '_matrix/client/r0/sync', '_matrix/client/unstable/a/b']) {
    expect(expandPath(path.split('/'))).toEqual(path.split('/'));
    expect(expandPath(path.split('/'), 'r0')).toEqual(path.split('/'));
  }
});

test('a path that is no table entry goes as a full path', () => {
  for (const path of [
    '_matrix/client/v1/sync',
    '_matrix/client/v3/versions',
    '_matrix/client/v3/pushrules',
    '_matrix/client/v3/pushrules/global',
    '_matrix/client/v3/rooms/!r/state/m.room.name',
    '_matrix/media/v3/sync',
    '_synapse/admin/v1/rooms',
  ]) {
    expect(collapsePath(path.split('/'))).toEqual(path.split('/'));
  }
});

test('an empty parameter goes by the full path, and comes back from either', () => {
  const path = ['_matrix', 'client', 'v3', 'rooms', '!r', 'state', 'm.room.name', ''];
  expect(collapsePath(path)).toEqual(path);
  expect(expandPath(['8', '!r', 'm.room.name', ''])).toEqual(path);
});

test.each(['', '/', 'v', '*', '7/', '/7', 'versions', 'sync', '_matrix', '_matrix/client', 'é'])(
  'the path "%s" is 404 M_UNRECOGNIZED',
  (path) => {
    const error = refused('path', () => requestToHttp(get(path), createServerSession()));
    expect(error).toMatchObject({ status: 404, errcode: 'M_UNRECOGNIZED' });
  },
);

test('names that every object has are no enums', () => {
  for (const name of ['constructor', '__proto__', 'toString']) refused('path', () => expandPath([name]));
});

test('a server for an old homeserver expands to r0', () => {
  const session = createServerSession({ pathPrefix: 'r0' });
  expect(requestToHttp(get('7'), session).target).toBe('/_matrix/client/r0/sync');
  expect(requestToHttp(get('0'), session).target).toBe('/_matrix/client/versions');
  expect(requestToHttp(get('n'), session).target).toBe('/_matrix/client/r0/pushrules/');
  expect(requestToHttp(coap(Code.POST, '_matrix/client/v3/login'), session).target).toBe('/_matrix/client/v3/login');
});
