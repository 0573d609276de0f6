import { describe, expect, it } from 'vitest';
import { RoundTrip } from '../src/round-trip.ts';

const INITIAL = 2000;

/** The first `count` waits of a message without ACK delay, each the shortest. */
function waits(roundTrip: RoundTrip, now: number, count = 4, ackDelay = 0, spread = 1): number[] {
  const timeouts = roundTrip.timeouts(ackDelay, spread, now);
  return Array.from({ length: count }, (_, i) => Math.round(timeouts.wait(i)));
}

/** With this round trip measured so often that it does not vary any more. */
function settled(sample: number): RoundTrip {
  const roundTrip = new RoundTrip(INITIAL);
  for (let i = 0; i < 100; i++) answer(roundTrip, 0, sample);
  return roundTrip;
}

/** An exchange: when it was sent, again and so on, and after what time the answer came. */
function answer(roundTrip: RoundTrip, first: number, at: number, ...again: number[]): void {
  const last = first + (again.at(-1) ?? 0);
  roundTrip.acknowledged({ first, last, retransmissions: again.length }, first + at);
}

describe('the timeout', () => {
  it('is what it is told to be while nothing is known, and doubles', () => {
    const roundTrip = new RoundTrip(INITIAL);
    expect(roundTrip.smoothed).toBeUndefined();
    expect(waits(roundTrip, 0, 6)).toEqual([2000, 4000, 8000, 16_000, 32_000, 32_000]);
  });

  it('follows RFC 6298 from the first round trip on', () => {
    const roundTrip = new RoundTrip(INITIAL);
    answer(roundTrip, 0, 400);
    // SRTT 400, RTTVAR 50: 400 + 4 * 50.
    expect(waits(roundTrip, 400, 2)).toEqual([600, 1200]);
    answer(roundTrip, 1000, 480);
    // RTTVAR 3/4 * 50 + 1/4 * 80 = 57.5; SRTT 7/8 * 400 + 1/8 * 480 = 410.
    expect(roundTrip.smoothed).toBe(410);
    expect(waits(roundTrip, 1480, 2)).toEqual([640, 1280]);
  });

  it('stays a quarter above a round trip that does not vary', () => {
    expect(waits(settled(200), 200, 2)).toEqual([250, 500]);
  });

  it('is never below the ACK delay and the shortest round trip', () => {
    expect(waits(settled(200), 200, 3, 200)).toEqual([400, 500, 1000]);
    expect(waits(settled(5), 5, 3, 200)).toEqual([205, 205, 1000]);
    const varying = settled(200);
    answer(varying, 1000, 120);
    expect(waits(varying, 1120, 1, 200)).toEqual([320]);
  });

  it('takes a handshake for the first round trip, and only for that', () => {
    const roundTrip = new RoundTrip(INITIAL);
    roundTrip.seed(0, 0);
    expect(roundTrip.smoothed).toBeUndefined();
    roundTrip.seed(100, 0);
    roundTrip.seed(9000, 0);
    expect(roundTrip.smoothed).toBe(100);
    expect(waits(roundTrip, 0, 2)).toEqual([150, 300]);
  });

  it('is spread by the random factor', () => {
    expect(waits(settled(200), 200, 3, 0, 1.5)).toEqual([375, 750, 1500]);
    expect(waits(settled(200), 200, 1, 200, 1.5)).toEqual([500]);
  });

  it('leaves attempts for later where the round trip is short: no third wait is below a second', () => {
    expect(waits(settled(20), 20, 8)).toEqual([25, 50, 1000, 2000, 4000, 8000, 16_000, 32_000]);
  });

  it('grows less where it is long already, and never beyond 32 s', () => {
    expect(waits(settled(4000), 4000, 4)).toEqual([5000, 7500, 11_250, 16_875]);
    expect(waits(settled(100_000), 0, 2)).toEqual([32_000, 32_000]);
  });
});

describe('an answer to a message that was sent again', () => {
  it('is no measurement when it looks like the answer to the last transmission: something got lost', () => {
    const roundTrip = settled(200);
    answer(roundTrip, 1000, 450 + 200, 450);
    expect(waits(roundTrip, 2000, 3)).toEqual([250, 500, 1000]);
    expect(roundTrip.smoothed).toBe(200);
  });

  it('that comes before the last transmission can have been answered makes the next first wait a slow one', () => {
    const roundTrip = settled(200);
    answer(roundTrip, 1000, 500, 450);
    expect(waits(roundTrip, 2000, 3)).toEqual([750, 500, 1000]);
  });

  it('that is not certain makes the second wait a slow one, and after another the first', () => {
    const roundTrip = settled(200);
    answer(roundTrip, 1000, 5000, 450, 1100, 2400, 4700);
    // 300 ms after the last transmission: too late for the round trip as it was.
    expect(waits(roundTrip, 7000, 3)).toEqual([250, 7500, 1000]);
    answer(roundTrip, 7000, 5000, 250);
    expect(waits(roundTrip, 13_000, 3)).toEqual([7500, 500, 1000]);
  });

  it('teaches a round trip of 5 s, after one of 200 ms, within three exchanges', () => {
    const roundTrip = settled(200);
    let now = 1000;
    const retransmissions: number[] = [];
    for (let i = 0; i < 6; i++) {
      const timeouts = roundTrip.timeouts(200, 1.2, now);
      const again: number[] = [];
      for (let at = timeouts.wait(0); at < 5000; at += timeouts.wait(again.length)) again.push(at);
      answer(roundTrip, now, 5000, ...again);
      retransmissions.push(again.length);
      now += 6000;
    }
    expect(retransmissions).toEqual([4, 1, 0, 0, 0, 0]);
  });

  it('is forgotten once there is one without', () => {
    const roundTrip = settled(200);
    answer(roundTrip, 1000, 500, 450);
    answer(roundTrip, 2000, 200);
    expect(waits(roundTrip, 3000, 2)).toEqual([250, 500]);
  });

  it('is the first measurement where nothing was known, and makes the second wait a slow one', () => {
    const roundTrip = new RoundTrip(INITIAL);
    answer(roundTrip, 0, 2200, 2000);
    expect(roundTrip.smoothed).toBe(200);
    expect(waits(roundTrip, 2200, 3)).toEqual([300, 3300, 1200]);
    answer(roundTrip, 3000, 200);
    expect(waits(roundTrip, 3200, 2)).toEqual([275, 550]);
  });

  it('that was a mistake about the first measurement is understood by the third exchange', () => {
    const roundTrip = new RoundTrip(INITIAL);
    answer(roundTrip, 0, 2100, 2000);
    answer(roundTrip, 3000, 2100, 200);
    expect(waits(roundTrip, 5100, 1)).toEqual([3150]);
    answer(roundTrip, 6000, 2100);
    expect(waits(roundTrip, 8100, 1)[0]).toBeGreaterThan(2100);
  });
});

describe('what nothing has confirmed for long', () => {
  it('doubles each minute, up to a second, where it is short', () => {
    const roundTrip = settled(200);
    const silence = [0, 59_000, 60_000, 120_000, 180_000, 3_600_000];
    expect(silence.map((age) => waits(roundTrip, 200 + age, 1)[0])).toEqual([250, 250, 500, 1000, 1000, 1000]);
  });

  it('approaches two seconds where it is long, though not below the shortest round trip', () => {
    const roundTrip = new RoundTrip(INITIAL);
    answer(roundTrip, 0, 2500);
    for (let i = 0; i < 100; i++) answer(roundTrip, 0, 8000);
    const silence = [0, 39_000, 40_000, 64_000, 3_600_000];
    expect(silence.map((age) => waits(roundTrip, 8000 + age, 1)[0])).toEqual([10_000, 10_000, 6000, 4000, 3000]);
  });

  it('is as before once a round trip confirms it', () => {
    const roundTrip = settled(200);
    answer(roundTrip, 600_000, 200);
    expect(waits(roundTrip, 600_200, 1)).toEqual([250]);
  });
});
