import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SyncAnswers } from '../src/sync/sync-answer.ts';
import { readSyncCall } from '../src/sync/sync-call.ts';

const get = (target: string) => readSyncCall({ method: 'GET', target, headers: [] });
const slide = (query: string, body: object) =>
  readSyncCall({
    method: 'POST',
    target: `/_matrix/client/unstable/org.matrix.simplified_msc3575/sync${query}`,
    headers: [],
    body: new TextEncoder().encode(JSON.stringify(body)),
  });

describe('a call for what is new', () => {
  it('is told from other requests', () => {
    expect(get('/_matrix/client/v3/sync')).toMatchObject({ kind: 'v2', cursor: '', timeout: 0 });
    expect(get('/_matrix/client/r0/sync?since=a%2Fb&timeout=5')).toMatchObject({ cursor: 'a/b', timeout: 5 });
    expect(slide('?pos=p', {})).toMatchObject({ kind: 'sliding', timeout: 0 });
    expect(get('/_matrix/client/v3/synchronise')).toBeUndefined();
    expect(get('/_matrix/client/v3/sync?full_state=true')).toBeUndefined();
    expect(get('/_matrix/client/v3/sync?full_state=false')).toBeDefined();
    expect(readSyncCall({ method: 'POST', target: '/_matrix/client/v4/sync', headers: [] })).toBeUndefined();
  });

  it('registers without its timeout', () => {
    const target = '/_matrix/client/v3/sync?filter=0&timeout=30000&set_presence=offline&since=s1';
    expect(get(target)?.registration.target).toBe('/_matrix/client/v3/sync?filter=0&set_presence=offline&since=s1');
    expect(get('/_matrix/client/v3/sync?timeout=0')?.registration.target).toBe('/_matrix/client/v3/sync');
  });

  it('asks the same question wherever it goes on from, and another one with another filter or presence', () => {
    const key = (query: string) => get(`/_matrix/client/v3/sync?${query}`)?.key;
    expect(key('filter=0&since=s1&timeout=1')).toBe(key('filter=0&timeout=30000'));
    expect(key('filter=0')).not.toBe(key('filter=1'));
    expect(key('filter=0')).not.toBe(key('filter=0&set_presence=offline'));
    const lists = { all: { ranges: [[0, 20]] } };
    const toDevice = (since?: string) => ({ lists, extensions: { to_device: { enabled: true, since }, e2ee: {} } });
    expect(slide('?pos=1', toDevice('a'))?.key).toBe(slide('', toDevice())?.key);
    expect(slide('?pos=1', toDevice('a'))?.cursor).not.toBe(slide('?pos=1', toDevice('b'))?.cursor);
    expect(slide('', { lists })?.key).not.toBe(slide('', { lists: { all: { ranges: [[0, 21]] } } })?.key);
    expect(slide('', toDevice())?.key).not.toBe(slide('', { lists, extensions: { e2ee: {} } })?.key);
  });

  it('never throws, whatever query and body hold', () => {
    const query = fc.string().map((text) => `?${encodeURI(text).replaceAll('#', '')}`);
    fc.assert(
      fc.property(query, fc.jsonValue(), fc.uint8Array(), (text, value, bytes) => {
        get(`/_matrix/client/v3/sync${text}`);
        slide(text, value as object);
        readSyncCall({ method: 'POST', target: `/_matrix/client/v4/sync${text}`, headers: [], body: bytes });
      }),
      { seed: 3079 },
    );
    get('/_matrix/client/v3/sync?since=%');
  });
});

describe('an answer', () => {
  const response = (body: string) => ({ status: 200, headers: [], body: new TextEncoder().encode(body) });

  it('says where to go on', () => {
    expect(new SyncAnswers('v2').read(response('{"next_batch":"s2"}'), '').cursor).toBe('s2');
    const sliding = new SyncAnswers('sliding');
    const first = sliding.read(response('{"pos":"1","extensions":{"to_device":{"next_batch":"d1"}}}'), '');
    const second = sliding.read(response('{"pos":"2"}'), first.cursor!);
    expect([first.cursor, second.cursor]).toEqual(['1\nd1', '2\nd1']);
  });

  it('is an error when it does not, or is no JSON', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('v2' as const, 'sliding' as const),
        fc.uint8Array(),
        fc.jsonValue(),
        (kind, raw, value) => {
          const answers = new SyncAnswers(kind);
          expect(answers.read({ status: 200, headers: [], body: raw }, '').cursor).toBeUndefined();
          expect(answers.read(response(JSON.stringify(value)), '').cursor).toBeUndefined();
          expect(answers.read({ status: 500, headers: [], body: raw }, '').cursor).toBeUndefined();
          expect(JSON.parse(new TextDecoder().decode(answers.empty('s1').body))).toBeTypeOf('object');
        },
      ),
      { seed: 3079 },
    );
  });
});
