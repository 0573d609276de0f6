import { VirtualTime } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import { Alarm } from '../src/alarm.ts';

describe('an alarm', () => {
  const made = () => {
    const time = new VirtualTime();
    const delays: number[] = [];
    const woken: number[] = [];
    const platform = {
      ...time.platform(1),
      setTimer: (ms: number, fn: () => void) => {
        delays.push(ms);
        return time.setTimer(ms, fn);
      },
    };
    return { time, delays, woken, alarm: new Alarm(platform, () => void woken.push(time.now())) };
  };

  it('is set again only for a nearer deadline', async () => {
    const { time, delays, woken, alarm } = made();
    for (const deadline of [5000, 9000, undefined, 5000, 2000.5, 3000]) alarm.set(deadline);
    expect(delays).toEqual([5000, 2001]);
    await time.advance(10_000);
    expect(woken).toEqual([2001]);
    alarm.set(12_000);
    expect(delays).toEqual([5000, 2001, 2000]);
  });

  it('waits a millisecond at least, so that a clock that stands still is no endless loop', () => {
    const { delays, alarm } = made();
    alarm.set(-5);
    expect(delays).toEqual([1]);
  });

  it('can be cancelled, and set again', async () => {
    const { time, woken, alarm } = made();
    alarm.set(100);
    alarm.cancel();
    await time.advance(1000);
    expect(woken).toEqual([]);
    alarm.set(3000);
    await time.advance(5000);
    expect(woken).toEqual([3000]);
  });
});
