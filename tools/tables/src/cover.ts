/** How substrings are chosen; found by cross-validation within the training data. */
export interface CoverOptions {
  /** Bytes of the pieces that are counted. */
  readonly piece: number;
  /** The longest and the shortest substring that is taken, in bytes. */
  readonly longest: number;
  readonly shortest: number;
}

/** A run of pieces of one sample: [sample, first piece, end). */
interface Span {
  readonly sample: number;
  readonly from: number;
  readonly to: number;
}

interface Ranked {
  readonly span: Span;
  readonly score: number;
}

/**
 * A dictionary of at most `size` bytes: substrings that occur in many different samples, chosen greedily, the best last (the
 * idea of COVER, Liao et al. 2016). They are cut at pieces that occur in one sample only, so that identifiers and free
 * text do not get in.
 */
export function cover(samples: readonly Buffer[], size: number, options: CoverOptions): Buffer {
  const { piece, shortest } = options;
  const { pieces, weights } = countPieces(samples, piece);
  const queue = new Queue();

  /** Pieces that nothing taken has yet, by weight, for each byte. */
  const score = ({ sample, from, to }: Span): number => {
    const seen = new Set<number>();
    let total = 0;
    for (const id of pieces[sample]!.subarray(from, to)) {
      if (seen.has(id)) continue;
      seen.add(id);
      total += weights[id]!;
    }
    return total / (to - from + piece - 1 + 3);
  };
  const candidates = spans(pieces, weights, options).map((span) => ({ span, score: score(span) }));
  queue.fill(candidates);

  const chosen: Buffer[] = [];
  let total = 0;
  while (total < size) {
    const best = queue.take();
    if (best === undefined) break;
    const now = score(best.span);
    if (now <= 0) continue;
    if (now < queue.best - 1e-12) {
      queue.put({ span: best.span, score: now });
      continue;
    }
    const { sample, from, to } = best.span;
    const trimmed = trim(best.span, pieces[sample]!, weights);
    if (trimmed.from !== from || trimmed.to !== to) {
      if (trimmed.to - trimmed.from + piece - 1 >= shortest) queue.put({ span: trimmed, score: score(trimmed) });
      continue;
    }
    chosen.push(samples[sample]!.subarray(from, to + piece - 1));
    total += to - from + piece - 1;
    for (const id of pieces[sample]!.subarray(from, to)) weights[id] = 0;
  }
  // DEFLATE reaches the end of the dictionary with the shortest distances.
  const all = Buffer.concat(chosen.reverse());
  return all.subarray(Math.max(0, all.length - size));
}

interface Counted {
  /** The pieces of each sample, in order, by number. */
  readonly pieces: readonly Int32Array[];
  /** Of each piece: how many samples besides the first have it. */
  readonly weights: Float64Array;
}

function countPieces(samples: readonly Buffer[], length: number): Counted {
  const numbers = new Map<string, number>();
  const frequencies: number[] = [];
  const pieces = samples.map((sample) => {
    const text = sample.toString('latin1');
    const seen = new Set<number>();
    return Int32Array.from({ length: Math.max(0, text.length - length + 1) }, (_, i) => {
      const piece = text.slice(i, i + length);
      const id = numbers.get(piece) ?? numbers.size;
      numbers.set(piece, id);
      if (!seen.has(id)) frequencies[id] = (frequencies[id] ?? 0) + 1;
      seen.add(id);
      return id;
    });
  });
  return { pieces, weights: Float64Array.from(frequencies, (count) => (count < 2 ? 0 : count - 1)) };
}

/** All windows within runs of pieces that occur in several samples. */
function spans(pieces: readonly Int32Array[], weights: Float64Array, options: CoverOptions): Span[] {
  const { piece, longest, shortest } = options;
  const result: Span[] = [];
  pieces.forEach((ids, sample) => {
    for (let i = 0; i < ids.length; ) {
      if (weights[ids[i]!] === 0) {
        i++;
        continue;
      }
      let end = i;
      while (end < ids.length && weights[ids[end]!] !== 0) end++;
      if (end - i + piece - 1 >= shortest) {
        for (let from = i; from < end; from += Math.max(1, longest >> 2)) {
          const to = Math.min(end, from + longest - piece + 1);
          result.push({ sample, from, to });
          if (to === end) break;
        }
      }
      i = end;
    }
  });
  return result;
}

/** Without what others have taken meanwhile, at both ends. */
function trim({ sample, from, to }: Span, ids: Int32Array, weights: Float64Array): Span {
  let first = from;
  let end = to;
  while (first < end && weights[ids[first]!] === 0) first++;
  while (end > first && weights[ids[end - 1]!] === 0) end--;
  return { sample, from: first, to: end };
}

/** Candidates, the best first. */
class Queue {
  #items: Ranked[] = [];

  fill(items: Ranked[]): void {
    this.#items = items.sort((a, b) => b.score - a.score || a.span.sample - b.span.sample || a.span.from - b.span.from);
  }

  get best(): number {
    return this.#items[0]?.score ?? Number.NEGATIVE_INFINITY;
  }

  take(): Ranked | undefined {
    return this.#items.shift();
  }

  /** Behind those with the same score. */
  put(item: Ranked): void {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#items[middle]!.score >= item.score) low = middle + 1;
      else high = middle;
    }
    this.#items.splice(low, 0, item);
  }
}
