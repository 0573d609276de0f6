import type { HttpResponse, Upstream } from '@lb-matrix/lb-server';
import { answerOf, type Exchange } from './recording.ts';
import { ORIGIN } from './world.ts';

/** As far as these tests look at an answer. */
export interface SyncBody {
  readonly next_batch?: string;
  readonly pos?: string;
  readonly extensions?: { readonly to_device?: { readonly next_batch: string } };
}

export const isSync = ({ target }: { readonly target: string }): boolean => /\/sync(?:\?|$)/.test(target);
export const bodyOf = ({ response }: Exchange): SyncBody => JSON.parse(response!) as SyncBody;
export const positionIn = ({ next_batch, pos }: SyncBody): string => next_batch ?? pos!;

function positionOf(target: string): string {
  const { searchParams } = new URL(target, ORIGIN);
  return searchParams.get('since') ?? searchParams.get('pos') ?? '';
}

/** What one user did; of several devices the /sync of the first: each of its calls goes on from the answer before. */
export function chainOf(exchanges: readonly Exchange[], who: string): Exchange[] {
  const own: Exchange[] = [];
  let position = '';
  for (const exchange of exchanges) {
    if (exchange.who !== who || !exchange.target.startsWith('/_matrix/client/')) continue;
    if (isSync(exchange) && positionOf(exchange.target) !== position) continue;
    if (isSync(exchange)) position = positionIn(bodyOf(exchange));
    own.push(exchange);
  }
  return own;
}

/** A call of /sync, asked on from an answer. */
export function askedFrom(exchange: Exchange, answer: SyncBody | undefined): Exchange {
  if (answer === undefined) return exchange;
  const { pathname, searchParams } = new URL(exchange.target, ORIGIN);
  searchParams.set(answer.pos === undefined ? 'since' : 'pos', positionIn(answer));
  const target = `${pathname}?${searchParams}`;
  if (answer.pos === undefined) return { ...exchange, target };
  const question = JSON.parse(exchange.request!);
  const since = answer.extensions?.to_device?.next_batch;
  if (since !== undefined) question.extensions.to_device.since = since;
  return { ...exchange, target, request: JSON.stringify(question) };
}

/** A homeserver that tells one user what a recording has, and nothing before it has happened there. */
export class PushedRecording {
  readonly #own: readonly Exchange[];
  readonly #syncs: readonly Exchange[];
  readonly #waiting: Set<() => void> = new Set();
  readonly #asked: Map<string, number> = new Map();
  #now = 0;

  constructor(own: readonly Exchange[]) {
    this.#own = own;
    this.#syncs = own.filter(isSync);
  }

  /** The recording has got to an exchange. */
  reach(exchange: Exchange): void {
    this.#now = this.#own.indexOf(exchange);
    for (const resume of [...this.#waiting]) resume();
    this.#waiting.clear();
  }

  readonly upstream: Upstream = async (request): Promise<HttpResponse> => {
    if (!isSync(request)) return answerOf(this.#own[this.#now]!);
    const position = positionOf(request.target);
    const first = this.#syncs.findIndex(({ target }) => positionOf(target) === position);
    const found = this.#syncs[first + this.#again(position)];
    // The recording ends here: there is no news until the server has enough of waiting.
    if (found === undefined) await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
    while (found !== undefined && this.#own.indexOf(found) > this.#now && !request.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        request.signal.addEventListener('abort', () => resolve());
      });
    }
    return answerOf(found ?? { ...this.#own[0]!, status: 504, response: '{}' });
  };

  /** Sliding sync is asked from the same position again when there was no news. */
  #again(position: string): number {
    const before = this.#asked.get(position) ?? 0;
    this.#asked.set(position, before + 1);
    return bodyOf(this.#syncs[0]!).pos === undefined ? 0 : before;
  }
}
