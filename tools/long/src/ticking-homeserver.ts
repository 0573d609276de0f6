import type { Upstream } from '@lb-matrix/lb-server';

/** A homeserver of which nothing but /sync is asked, with something new for everybody at every tick. */
export interface TickingHomeserver {
  readonly upstream: Upstream;
  /** From now on the position of everybody's next_batch is one further. */
  tick(): void;
  readonly position: number;
  /** Long-polls that wait for the next tick. */
  readonly waiting: number;
}

/** Starts at position 0. What is new between two positions is one message for each. */
export function tickingHomeserver(): TickingHomeserver {
  let position = 0;
  let waiting: Set<() => void> = new Set();

  const upstream: Upstream = async ({ target, signal }) => {
    const { searchParams } = new URL(target, 'http://localhost');
    const since = Number(searchParams.get('since') ?? position);
    const timeout = Number(searchParams.get('timeout') ?? 0);
    if (since === position && timeout > 0) await nextTick(timeout, signal);
    const events = Array.from({ length: position - since }, (_, index) => ({
      type: 'm.room.message',
      event_id: `$${since + index + 1}`,
      content: { msgtype: 'm.text', body: `This is message ${since + index + 1}` },
    }));
    const rooms = events.length === 0 ? {} : { join: { '!room:example.org': { timeline: { events } } } };
    const body = new TextEncoder().encode(JSON.stringify({ next_batch: String(position), rooms }));
    return { status: 200, headers: [['content-type', 'application/json']], body };
  };
  const nextTick = (timeout: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        waiting.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      const timer = setTimeout(go, timeout);
      signal.addEventListener('abort', go);
      waiting.add(go);
    });
  return {
    upstream,
    tick() {
      position += 1;
      const all = waiting;
      waiting = new Set();
      for (const go of all) go();
    },
    get position() {
      return position;
    },
    get waiting() {
      return waiting.size;
    },
  };
}
