import { type ChildProcess, spawn } from 'node:child_process';

/** A running peer whose output is kept, and searched as it comes. */
export interface Peer {
  readonly process: ChildProcess;
  /** All that it has written so far, stdout and stderr together. */
  output(): string;
  /** Resolves with the match once the output has it; rejects when the peer ends first or `timeout` ms have passed. */
  waitFor(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>;
  /** Writes to its stdin. */
  write(text: string): void;
  /** Ends it and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number | null>;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program as a peer. */
export function startPeer(program: string, args: readonly string[], options: StartOptions = {}): Peer {
  const child = spawn(program, args, {
    stdio: 'pipe',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  });
  let text = '';
  let ended = false;
  const watchers = new Set<() => void>();
  const wake = (): void => {
    for (const watcher of [...watchers]) watcher();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      wake();
    });
  }
  // A peer that has ended takes no more input; what matters then is its output.
  child.stdin.on('error', () => {});
  const exited = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      ended = true;
      wake();
      resolve(code);
    });
  });
  // Whoever waits for output hears of a failed start there; nobody need also wait for the end.
  exited.catch(() => {});

  return {
    process: child,
    output: () => text,
    write: (chunk) => void child.stdin.write(chunk),
    exited,
    async stop(signal = 'SIGTERM') {
      if (!ended) child.kill(signal);
      await exited;
    },
    waitFor(pattern, timeout = 20_000) {
      return new Promise((resolve, reject) => {
        const finish = (error: Error | undefined, match?: RegExpExecArray): void => {
          clearTimeout(timer);
          watchers.delete(look);
          if (match !== undefined) resolve(match);
          else reject(error);
        };
        const complain = (what: string): Error => new Error(`${program}: ${what} ${pattern}; output:\n${text}`);
        const look = (): void => {
          const match = pattern.exec(text);
          if (match !== null) finish(undefined, match);
          else if (ended) finish(complain('ended without'));
        };
        const timer = setTimeout(() => finish(complain('no')), timeout);
        watchers.add(look);
        look();
      });
    },
  };
}
