import { expect, test } from 'vitest';
import { progressBar } from '../src/progress-bar.ts';

/** A bar on a terminal that keeps what is written, and a clock. */
function setUp({ upload = 0, isTTY = true, columns = 100 } = {}) {
  const written: string[] = [];
  const clock = { time: 0 };
  const terminal = { isTTY, columns, write: (text: string) => written.push(text) };
  return { bar: progressBar(terminal, upload, () => clock.time), clock, written };
}

const MIB = 1 << 20;

test('a transfer that is over within a second shows nothing', () => {
  const { bar, clock, written } = setUp();
  clock.time = 999;
  bar.update({ sent: 0, received: 10, total: 20 });
  bar.end();
  expect(written).toEqual([]);
});

test('a download shows its share, size and rate, and wipes itself', () => {
  const { bar, clock, written } = setUp();
  clock.time = 2000;
  bar.update({ sent: 0, received: MIB / 2, total: MIB });
  bar.end();
  expect(written).toEqual([
    `\r\x1b[Kdown [${'#'.repeat(15)}${' '.repeat(15)}]  50 % of 1.0 MiB at 256.0 KiB/s`,
    '\r\x1b[K',
  ]);
});

test('a download of unknown size shows what is here', () => {
  const { bar, clock, written } = setUp();
  clock.time = 2000;
  bar.update({ sent: 0, received: 2000, total: undefined });
  expect(written).toEqual(['\r\x1b[Kdown 2.0 KiB at 1000 B/s']);
});

test('an upload is shown first; the rate of the download begins anew', () => {
  const { bar, clock, written } = setUp({ upload: 4096 });
  clock.time = 2000;
  bar.update({ sent: 1024, received: 0, total: undefined });
  clock.time = 8000;
  bar.update({ sent: 4096, received: 512, total: 1024 });
  clock.time = 9000;
  bar.update({ sent: 4096, received: 1024, total: 1024 });
  expect(written[0]).toContain('up   [########                      ]  25 % of 4.0 KiB at 512 B/s');
  expect(written.at(-1)).toContain('100 % of 1.0 KiB at 1.0 KiB/s');
});

test('it is redrawn ten times a second at most', () => {
  const { bar, clock, written } = setUp();
  for (clock.time = 0; clock.time < 2000; clock.time += 1) bar.update({ sent: 0, received: clock.time, total: 2000 });
  expect(written).toHaveLength(10);
});

test('it fits a narrow terminal', () => {
  const { bar, clock, written } = setUp({ columns: 20 });
  clock.time = 2000;
  bar.update({ sent: 0, received: 1, total: 2 });
  expect(written[0]!.replace('\r\x1b[K', '')).toHaveLength(19);
});

test('without a terminal nothing is written', () => {
  const { bar, clock, written } = setUp({ isTTY: false });
  clock.time = 5000;
  bar.update({ sent: 0, received: 1, total: 2 });
  bar.end();
  expect(written).toEqual([]);
});
