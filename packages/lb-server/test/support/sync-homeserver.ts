import type { HttpResponse, Upstream, UpstreamRequest } from '@lb-matrix/lb-server';
import type { VirtualTime } from '@lb-matrix/virtual-network';
import { json } from './upstream.ts';

/** A homeserver with one stream of to-device messages, which it deletes once it is asked for what comes after them. */
export interface SyncHomeserver {
  readonly upstream: Upstream;
  readonly requests: UpstreamRequest[];
  /** The targets asked for since this was called last. */
  targets(): string[];
  /** A message for the client. */
  send(content: unknown): void;
  /** Something that does not concern the client: `next_batch` moves, and who waits is answered. */
  stir(): void;
  /** Answers in place of the stream, one for each request; long-polls under way get the first. */
  readonly instead: HttpResponse[];
  /** Where the stream is. */
  readonly position: number;
  /** How many requests wait. */
  readonly waiting: number;
  keys: Record<string, number>;
}

interface Message {
  readonly position: number;
  readonly content: unknown;
}

export function syncHomeserver(platform: VirtualTime): SyncHomeserver {
  const requests: UpstreamRequest[] = [];
  const instead: HttpResponse[] = [];
  const waiters = new Set<() => void>();
  let messages: Message[] = [];
  let position = 0;
  let told = 0;

  const homeserver: SyncHomeserver = {
    requests,
    instead,
    keys: { signed_curve25519: 50 },
    targets() {
      const targets = requests.slice(told).map(({ target }) => target);
      told = requests.length;
      return targets;
    },
    send(content) {
      position++;
      messages.push({ position, content });
      wake();
    },
    stir() {
      position++;
      wake();
    },
    get position() {
      return position;
    },
    get waiting() {
      return waiters.size;
    },
    upstream: (request) => {
      requests.push(request);
      const query = new URLSearchParams(request.target.split('?')[1]);
      const since = Number(query.get('since')?.slice(1) ?? 0);
      const timeout = Number(query.get('timeout') ?? 0);
      messages = messages.filter((message) => message.position > since);
      if (instead.length > 0) return Promise.resolve(instead.shift()!);
      if (timeout === 0 || messages.length > 0) return Promise.resolve(answer());
      return new Promise((resolve) => {
        const end = (): void => {
          cancel();
          waiters.delete(end);
          request.signal.removeEventListener('abort', end);
          resolve(instead.shift() ?? answer());
        };
        const cancel = platform.setTimer(timeout, end);
        request.signal.addEventListener('abort', end);
        waiters.add(end);
      });
    },
  };
  return homeserver;

  function wake(): void {
    for (const end of [...waiters]) end();
  }

  function answer(): HttpResponse {
    const events = messages.map(({ content }) => ({ type: 'm.test', content }));
    return json(200, {
      next_batch: `s${position}`,
      device_one_time_keys_count: homeserver.keys,
      ...(events.length === 0 ? {} : { to_device: { events } }),
    });
  }
}
