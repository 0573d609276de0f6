/** One measured figure, of us or of a peer. A script prints it as one line of JSON. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** Whose figure it is: `ours`, or the peer's name. */
  readonly peer: string;
}

/** The figures in what a script has printed. Throws for a line that is none. */
export function readFigures(output: string): Figure[] {
  return output.split('\n').flatMap((line) => (line.trim() === '' ? [] : [readFigure(line)]));
}

function readFigure(line: string): Figure {
  const { name, unit, value, peer } = JSON.parse(line) as Record<string, unknown>;
  if (
    typeof name !== 'string' ||
    typeof unit !== 'string' ||
    typeof value !== 'number' ||
    !Number.isFinite(value) ||
    typeof peer !== 'string'
  ) {
    throw new TypeError(`not a figure: ${line}`);
  }
  return { name, unit, value, peer };
}

/** A line for each name: `NAME: ours 1,234 UNIT, PEER 567 UNIT`. */
export function describeFigures(figures: readonly Figure[]): string {
  const byName = new Map<string, string[]>();
  for (const { name, unit, value, peer } of figures) {
    const text = `${peer} ${value.toLocaleString('en', { maximumSignificantDigits: 3 })} ${unit}`;
    byName.set(name, [...(byName.get(name) ?? []), text]);
  }
  return [...byName].map(([name, values]) => `${name}: ${values.join(', ')}`).join('\n');
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
