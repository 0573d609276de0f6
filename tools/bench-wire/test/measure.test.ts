import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { expect, test } from 'vitest';
import { figuresOf, measureWire } from '../src/index.ts';

const exactly = (count: number) => ({ min: count, max: count });
const NAMES = ['established send', 'read receipt', 'typing', 'close'];

test('with plain forms the wire is the same in every run', async () => {
  const homeserver = await startDemoHomeserver({ log: () => {} });
  const figures = (await measureWire(homeserver.url, 2, 'plain')).map(figuresOf);
  await homeserver.close();

  expect(figures.map(({ name }) => name)).toEqual(NAMES);
  for (const [i, expected] of [197, 161, 134, 46].entries()) {
    expect(figures[i]).toMatchObject({ up: exactly(1), down: exactly(1), payloadBytes: exactly(expected) });
  }
});

test('a send takes 220 bytes at most, a receipt 212 and typing 188, with all headers and the answer', async () => {
  const homeserver = await startDemoHomeserver({ log: () => {} });
  const figures = (await measureWire(homeserver.url, 4, 'all')).map(figuresOf);
  await homeserver.close();

  for (const figure of figures) expect(figure).toMatchObject({ up: exactly(1), down: exactly(1) });
  const [send, receipt, typing] = figures.map(({ ipBytes }) => ipBytes);
  expect(send!.max).toBeLessThanOrEqual(220);
  // An event id is random, and compresses now better, now worse.
  expect(Math.abs(send!.min - 216)).toBeLessThanOrEqual(2);
  expect(receipt).toEqual(exactly(206));
  expect(typing).toEqual(exactly(183));
});
