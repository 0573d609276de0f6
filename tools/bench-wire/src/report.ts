import type { Measurement } from './measurement.ts';
import type { Traffic } from './relay.ts';

/** Bytes of the IPv4 and UDP headers around each payload. */
const HEADERS = 28;

/** The smallest and the largest of some numbers. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A measurement in figures. All bytes are of both directions together. */
export interface Figures {
  readonly name: string;
  readonly runs: number;
  readonly up: Range;
  readonly down: Range;
  /** UDP payload. */
  readonly payloadBytes: Range;
  /** The same with the headers of IPv4 and UDP. */
  readonly ipBytes: Range;
  readonly roundTrips: Range;
}

/** The figures of a measurement over all its runs. */
export function figuresOf({ name, runs }: Measurement): Figures {
  const over = (count: (traffic: Traffic) => number): Range => {
    const counts = runs.map(count);
    return { min: Math.min(...counts), max: Math.max(...counts) };
  };
  const payload = ({ up, down }: Traffic): number => up.bytes + down.bytes;
  return {
    name,
    runs: runs.length,
    up: over(({ up }) => up.datagrams),
    down: over(({ down }) => down.datagrams),
    payloadBytes: over(payload),
    ipBytes: over((traffic) => payload(traffic) + HEADERS * (traffic.up.datagrams + traffic.down.datagrams)),
    roundTrips: over(({ roundTrips }) => roundTrips),
  };
}

/** The figures as a table in Markdown. */
export function formatTable(figures: readonly Figures[]): string {
  const header = ['case', 'datagrams up', 'down', 'UDP payload, B', 'IP bytes', 'round trips'];
  const rows = figures.map(({ name, up, down, payloadBytes, ipBytes, roundTrips }) => [
    name,
    ...[up, down, payloadBytes, ipBytes, roundTrips].map(formatRange),
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function formatRange({ min, max }: Range): string {
  return min === max ? `${min}` : `${min}-${max}`;
}
