import type { HttpResponse, Upstream, UpstreamRequest } from '@lb-matrix/lb-server';
import type { VirtualTime } from '@lb-matrix/virtual-network';

interface Event {
  readonly position: number;
  readonly id: string;
  readonly kind: 'room' | 'to_device';
}

const ROOM = '!room:example.org';

/** JSON as a homeserver sends it. */
export function json(status: number, value: unknown, headers: HttpResponse['headers'] = []): HttpResponse {
  return {
    status,
    headers: [['content-type', 'application/json'], ...headers],
    body: new TextEncoder().encode(JSON.stringify(value)),
  };
}

/**
 * A homeserver of one account, in virtual time: a room, to-device messages that are gone once a later `since` was told,
 * transaction ids, long-polls. It remembers what it was asked.
 */
export class TestHomeserver {
  readonly requests: UpstreamRequest[] = [];
  /** Events sent by `PUT /send`, by transaction id; each may stand here once. */
  readonly sent: Map<string, string> = new Map();
  /** What POSTs have done, and how often. */
  readonly posts: string[] = [];
  /** Answers in place of all others, for outages. */
  outage: HttpResponse | undefined;
  /** Milliseconds from what a request does to its answer. */
  slowness = 0;
  token = 'secret';
  #position = 1;
  #events: Event[] = [];
  readonly #time: VirtualTime;
  readonly #waiters: Set<() => void> = new Set();

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  /** Something new for the account. Returns its id. */
  happen(kind: Event['kind'] = 'room'): string {
    const position = ++this.#position;
    const id = `${kind}-${position}`;
    this.#events.push({ position, id, kind });
    this.#wake();
    return id;
  }

  /** Something that moves the position and concerns somebody else. */
  stir(): void {
    this.#position++;
    this.#wake();
  }

  /** To-device messages that were not fetched and confirmed. */
  get undelivered(): string[] {
    return this.#events.filter(({ kind }) => kind === 'to_device').map(({ id }) => id);
  }

  readonly upstream: Upstream = async (request) => {
    this.requests.push(request);
    if (this.outage !== undefined) return this.outage;
    const { method, target } = request;
    const url = new URL(`http://localhost${target}`);
    const path = url.pathname;
    if (path === '/_matrix/client/versions') return json(200, { versions: ['v1.11'] });
    if (path.endsWith('/login')) return json(200, { access_token: this.token });
    if (request.headers.find(([name]) => name === 'authorization')?.[1] !== `Bearer ${this.token}`) {
      return json(401, { errcode: 'M_UNKNOWN_TOKEN', error: 'unknown' });
    }
    if (path.endsWith('/sync')) return this.#sync(request, url);
    if (method === 'PUT' && path.includes('/send/')) return this.#slowly(this.#send(path));
    if (method === 'POST') {
      this.posts.push(path);
      return this.#slowly(json(200, { done: this.posts.length }));
    }
    if (path.endsWith('/whoami')) return json(200, { user_id: '@alice:example.org' });
    return json(404, { errcode: 'M_NOT_FOUND', error: 'not here' });
  };

  /** The same over HTTP, without low bandwidth. */
  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const { pathname, search } = new URL(request.url);
    const { status, headers, body } = await this.upstream({
      method: request.method,
      target: pathname + search,
      headers: [...request.headers],
      body: new Uint8Array(await request.arrayBuffer()),
      signal: request.signal,
    });
    return new Response(new TextDecoder().decode(body), { status, headers: headers.map(([a, b]) => [a, b]) });
  };

  #slowly(response: HttpResponse): Promise<HttpResponse> {
    return new Promise((resolve) => this.#time.setTimer(this.slowness, () => resolve(response)));
  }

  #send(path: string): HttpResponse {
    const transaction = path.split('/').at(-1)!;
    let id = this.sent.get(transaction);
    if (id === undefined) {
      id = this.happen();
      this.sent.set(transaction, id);
    }
    return json(200, { event_id: id });
  }

  async #sync({ signal, body }: UpstreamRequest, { searchParams, pathname }: URL): Promise<HttpResponse> {
    const sliding = !pathname.endsWith('/v3/sync') && !pathname.endsWith('/r0/sync');
    const since = Number((searchParams.get(sliding ? 'pos' : 'since') ?? 's0').slice(1));
    const question = sliding ? JSON.parse(new TextDecoder().decode(body)) : undefined;
    const confirmed = sliding ? Number((question.extensions?.to_device?.since ?? 'd0').slice(1)) : since;
    this.#events = this.#events.filter(({ kind, position }) => kind === 'room' || position > confirmed);
    const news = () => this.#events.filter(({ position }) => position > since);
    if (news().length === 0) await this.#wait(Number(searchParams.get('timeout') ?? 0), signal);
    return json(200, sliding ? this.#sliding(news()) : this.#v2(news(), since));
  }

  #v2(news: Event[], since: number): object {
    const rooms = news
      .filter(({ kind }) => kind === 'room')
      .map(({ id }) => ({ event_id: id, type: 'm.room.message' }));
    const toDevice = news
      .filter(({ kind }) => kind === 'to_device')
      .map(({ id }) => ({ type: 'm.key', content: { id } }));
    return {
      next_batch: `s${this.#position}`,
      ...(since === 0 ? { account_data: { events: [{ type: 'm.push_rules', content: {} }] } } : {}),
      ...(rooms.length === 0 ? {} : { rooms: { join: { [ROOM]: { timeline: { events: rooms } } } } }),
      ...(toDevice.length === 0 ? {} : { to_device: { events: toDevice } }),
      device_one_time_keys_count: { signed_curve25519: 50 },
    };
  }

  #sliding(news: Event[]): object {
    const timeline = news.filter(({ kind }) => kind === 'room').map(({ id }) => ({ event_id: id }));
    const events = news
      .filter(({ kind }) => kind === 'to_device')
      .map(({ id }) => ({ type: 'm.key', content: { id } }));
    return {
      pos: `p${this.#position}`,
      lists: { all: { count: 1, ops: [] } },
      rooms: timeline.length === 0 ? {} : { [ROOM]: { timeline } },
      extensions: { to_device: { next_batch: `d${this.#position}`, events } },
    };
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#waiters.delete(done);
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#time.setTimer(ms, done);
      this.#waiters.add(done);
      signal.addEventListener('abort', done);
    });
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
