import type { DatagramPipe, Platform } from '@lb-matrix/coap-endpoint';

/** Time that a test owns. */
export interface VirtualTime extends Platform {
  /** Lets everything that is due within `ms` milliseconds happen, promises included. */
  advance(ms: number): Promise<void>;
}

/** Time that stands still until told otherwise, and bytes that only look random. */
export function virtualTime(): VirtualTime {
  let time = 0;
  let counter = 0;
  const timers = new Set<{ at: number; fn: () => void }>();
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => time,
    setTimer(ms, fn) {
      const timer = { at: time + ms, fn };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    randomBytes: (length) => Uint8Array.from({ length }, () => (counter++ * 73 + 41) & 0xff),
    async advance(ms) {
      const end = time + ms;
      await settle();
      for (;;) {
        const next = [...timers].sort((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > end) break;
        timers.delete(next);
        time = Math.max(time, next.at);
        next.fn();
        await settle();
      }
      time = end;
    },
  };
}

/** A server's end of a link whose far end is the test: what the server sends is in `sent`, oldest first. */
export interface TestPipe extends DatagramPipe {
  readonly sent: Uint8Array[];
}

export function testPipe(): TestPipe {
  const sent: Uint8Array[] = [];
  return {
    maxPayload: 1200,
    peer: { address: '198.51.100.7', port: 40_000, validated: true },
    sent,
    send: (datagram) => void sent.push(Uint8Array.from(datagram)),
    close: () => {},
  };
}
