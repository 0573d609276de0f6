import { VirtualTime } from '@lb-matrix/virtual-network';
import { expect, it } from 'vitest';
import { Silence } from '../src/silence.ts';

function listening() {
  const time = new VirtualTime();
  const heard: number[] = [];
  const platform = {
    ...time.platform(1),
    wallTime: () => time.now(),
    connect: () => Promise.reject(new Error('not here')),
  };
  const silence = new Silence(platform, () => void heard.push(time.now()));
  return { time, silence, heard };
}

it('one retransmission is no sign, however long there is no answer', async () => {
  const { time, silence, heard } = listening();
  silence.sent(0);
  silence.sent(1);
  await time.advance(60_000);
  expect(heard).toEqual([]);
});

it('two are one, four seconds after the first', async () => {
  const { time, silence, heard } = listening();
  await time.advance(1000);
  silence.sent(1);
  await time.advance(500);
  silence.sent(2);
  silence.sent(2);
  await time.advance(3499);
  expect(heard).toEqual([]);
  await time.advance(1);
  expect(heard).toEqual([5000]);
});

it('two are one at once where they are far apart, and so is each that follows', async () => {
  const { time, silence, heard } = listening();
  silence.sent(1);
  await time.advance(6000);
  silence.sent(2);
  await time.advance(12_000);
  silence.sent(3);
  expect(heard).toEqual([6000, 18_000]);
});

it('whatever comes from the server ends it', async () => {
  const { time, silence, heard } = listening();
  silence.sent(1);
  silence.sent(2);
  await time.advance(3000);
  silence.heard(2);
  silence.sent(3);
  await time.advance(60_000);
  expect(heard).toEqual([]);
});
