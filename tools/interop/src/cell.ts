/** Who opens the connection. */
export type Direction = 'we connect' | 'it connects';

/** One cell of docs/interop.md: a feature, tried against a peer in one direction. */
export interface Cell {
  /** The table it belongs to: a heading of the document. */
  readonly table: string;
  readonly feature: string;
  readonly peer: string;
  /** Left out where there are no two directions. */
  readonly direction?: Direction;
}

declare module 'vitest' {
  interface TaskMeta {
    /** What this test shows in docs/interop.md. A test that skips itself gives the reason as its note. */
    cell?: Cell;
  }
}
