/** Ends a repetition, waits for what is under way and resolves with how often it was done. */
export type Stop = () => Promise<number>;

/** Does something again and again, `period` milliseconds after the last time was done; never without a period. */
export function every(period: number | undefined, act: () => Promise<void>): Stop {
  return repeat(period, Number.POSITIVE_INFINITY, act);
}

/** Does something once, after so many milliseconds; never without. */
export function once(delay: number | undefined, act: () => Promise<void>): Stop {
  return repeat(delay, 1, act);
}

function repeat(period: number | undefined, most: number, act: () => Promise<void>): Stop {
  let times = 0;
  let stopped = period === undefined;
  let timer: NodeJS.Timeout | undefined;
  let done: Promise<void> = Promise.resolve();
  const arm = (): void => {
    if (stopped || times >= most) return;
    timer = setTimeout(() => {
      times += 1;
      done = act().then(arm);
    }, period);
  };
  arm();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await done;
    return times;
  };
}
