import { describe, expect, it } from 'vitest';
import type { Json } from '../src/json.ts';
import { compareTranscripts, runScript, type ScriptRequest, type Step } from '../src/request-script/index.ts';
import { resolvePointer } from '../src/request-script/pointer.ts';

/** A homeserver of one answer, and what it was asked. */
function answering(body: Json, status = 200) {
  const requests: ScriptRequest[] = [];
  const send = async (request: ScriptRequest) => {
    requests.push(request);
    return { status, body };
  };
  return { requests, send };
}

const run = (steps: readonly Step[], body: Json, status?: number) => runScript(steps, answering(body, status).send);

describe('runScript', () => {
  it('puts captured values into targets, tokens and bodies', async () => {
    const { requests, send } = answering({ room_id: '!a/b:localhost', access_token: 'secret' });
    await runScript(
      [
        { name: '1', request: 'GET /a', capture: { room: '/room_id', alice: '/access_token' } },
        { name: '2', request: 'PUT /rooms/{room}', as: 'alice', body: { in: ['{room}'] } },
      ],
      send,
    );
    expect(requests[1]).toEqual({
      method: 'PUT',
      target: '/_matrix/client/rooms/!a%2Fb%3Alocalhost',
      token: 'secret',
      body: '{"in":["!a/b:localhost"]}',
    });
  });

  it('reports a wrong status, code or value and goes on', async () => {
    const step = { request: 'GET /a', values: { '/a/0': 1 } };
    const { problems } = await run(
      [
        { ...step, name: 'first' },
        { ...step, name: 'second', status: 404, errcode: 'M_X', values: {} },
      ],
      { errcode: 'M_X', a: [2] },
      404,
    );
    expect(problems).toEqual([
      'first: status is 404, not 200',
      'first: errcode is "M_X", not undefined',
      'first: /a/0 is 2, not 1',
    ]);
  });

  it('reports what cannot be captured, what was not captured and what cannot be sent', async () => {
    const { problems } = await runScript(
      [
        { name: 'first', request: 'GET /a', capture: { x: '/x' } },
        { name: 'second', request: 'GET /{x}' },
        { name: 'third', request: 'GET /down' },
      ],
      async ({ target }) => {
        if (target.endsWith('down')) throw new Error('no connection');
        return { status: 200, body: { x: 1 } };
      },
    );
    expect(problems).toEqual([
      'first: no string at /x, but 1',
      'second: Error: nothing was captured as x',
      'third: Error: no connection',
    ]);
  });
});

describe('resolvePointer', () => {
  const value = { list: [{ type: 'a', n: 1 }, { type: 'b' }], map: { x: { n: 1 }, y: { n: 2 } } };

  it.each([
    ['', value],
    ['/list/0/n', 1],
    ['/list/-1/type', 'b'],
    ['/list/*/n', [1, null]],
    ['/map/*/n', [1, 2]],
    ['/list/[type=b]', { type: 'b' }],
    ['/list/[type=c]/n', undefined],
    ['/map/toString', undefined],
    ['/list/0/n/x', undefined],
    ['/nothing/*', undefined],
  ])('%s', (pointer, found) => expect(resolvePointer(value, pointer)).toEqual(found));
});

describe('compareTranscripts', () => {
  const step: Step = { name: 'step', request: 'GET /a', capture: { id: '/id' } };
  const compare = async (ours: Json, theirs: Json, difference?: RegExp) =>
    compareTranscripts(
      await run([step], ours),
      await run([step], theirs),
      difference === undefined ? [] : [{ difference, why: 'test' }],
    );

  it('takes captured values for equal, as keys too', async () => {
    const { differences } = await compare({ id: 'x', in: { x: ['x'] } }, { id: 'y', in: { y: ['y'] } });
    expect(differences).toEqual([]);
  });

  it.each<[string, Json, Json, string[]]>([
    ['a key that is missing', { a: {} }, { a: { b: { c: 1 } } }, ['/a/b: absent, there object']],
    ['another type', { a: 1 }, { a: '1' }, ['/a: number, there string']],
    ['null', { a: null }, { a: '1' }, ['/a: null, there string']],
    ['another code', { errcode: 'M_A' }, { errcode: 'M_B' }, ['/errcode: "M_A", there "M_B"']],
    [
      'fewer of a kind',
      { a: [{ type: 'x' }] },
      { a: [{ type: 'x' }, { type: 'x' }] },
      ['/a[x]: 1 elements, there 2 elements'],
    ],
    ['an array for an object', { a: [] }, { a: {} }, ['/a: array, there object']],
  ])('tells %s', async (_, ours, theirs, expected) => {
    const { differences } = await compare({ id: 'me', ...(ours as object) }, { id: 'me', ...(theirs as object) });
    expect(differences).toEqual(expected.map((difference) => `step: ${difference}`));
  });

  it('tells another status', async () => {
    const { differences } = compareTranscripts(await run([step], { id: 'x' }), await run([step], { id: 'x' }, 201));
    expect(differences).toEqual(['step: status: 200, there 201']);
  });

  it('does not mind other values, nor the order of named elements', async () => {
    const ours = { id: 'x', n: 1, list: [{ type: 'a' }, { type: 'b' }] };
    const { differences } = await compare(ours, { id: 'x', n: 2, list: [{ type: 'b' }, { type: 'a' }] });
    expect(differences).toEqual([]);
  });

  it('says which allowances were of no use', async () => {
    const used = await compare({ id: 'x' }, { id: 'x', age: 1 }, /^\/age: absent/);
    expect(used).toEqual({ differences: [], unused: [] });
    const { unused } = await compare({ id: 'x' }, { id: 'x' }, /age/);
    expect(unused).toHaveLength(1);
  });

  it('tells a step that was not answered there', async () => {
    const { differences } = compareTranscripts(await run([step], { id: 'x' }), await run([], {}));
    expect(differences).toEqual(['step: no answer there']);
  });
});
