import type { Progress } from '@lb-matrix/coap-endpoint';

/** What the bar needs of `process.stderr`. */
export interface Terminal {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface ProgressBar {
  update(progress: Progress): void;
  /** Wipes the bar. */
  end(): void;
}

/** A transfer that is over sooner needs no bar. */
const SHOW_AFTER = 1000;
const REDRAW_EVERY = 100;
const WIPE = '\r\x1b[K';

/**
 * A bar on a terminal for a transfer that lasts: upload first, then download. Without a terminal it stays silent.
 *
 * @param upload - the length of the request body in bytes
 * @param now - monotonic time in milliseconds
 */
export function progressBar(terminal: Terminal, upload: number, now: () => number): ProgressBar {
  const start = now();
  let phase = { start, uploading: upload > 0 };
  let drawn: number | undefined;

  return {
    update: ({ sent, received, total }) => {
      const time = now();
      const uploading = sent < upload;
      if (phase.uploading && !uploading) phase = { start: time, uploading };
      if (!terminal.isTTY || time - start < SHOW_AFTER) return;
      if (drawn !== undefined && time - drawn < REDRAW_EVERY) return;
      drawn = time;
      const [done, all] = uploading ? [sent, upload] : [received, total];
      const line = `${uploading ? 'up  ' : 'down'} ${describe(done, all, time - phase.start)}`;
      terminal.write(WIPE + line.slice(0, (terminal.columns ?? 80) - 1));
    },
    end: () => {
      if (drawn !== undefined) terminal.write(WIPE);
    },
  };
}

function describe(done: number, all: number | undefined, elapsed: number): string {
  const rate = elapsed > 0 ? ` at ${size((done * 1000) / elapsed)}/s` : '';
  if (all === undefined || all === 0) return `${size(done)}${rate}`;
  const share = Math.min(done / all, 1);
  const filled = Math.round(share * 30);
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  return `[${'#'.repeat(filled)}${' '.repeat(30 - filled)}] ${percent} % of ${size(all)}${rate}`;
}

function size(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
