import { randomUUID } from 'node:crypto';
import { startPeer } from '@lb-matrix/interop/process';

/** One bash in which commands run one after the other, as in a reader's terminal: variables and functions stay. */
export interface BashSession {
  /** Runs a command to its end; resolves with all that it printed, stdout and stderr in their order. */
  run(command: string): Promise<string>;
  close(): Promise<void>;
}

const COMMAND_TIMEOUT_MS = 60_000;

/** Opens a bash in a folder. */
export function openBash(folder: string): BashSession {
  const bash = startPeer('bash', ['--norc', '-s'], { cwd: folder });
  bash.write('exec 2>&1\n');
  return {
    async run(command) {
      const from = bash.output().length;
      const mark = `end-${randomUUID()}`;
      // The commands themselves come by stdin, which no command must read.
      bash.write(`{ ${command}\n} </dev/null\nprintf '\\n%s\\n' ${mark}\n`);
      await bash.waitFor(new RegExp(`\n${mark}\n`), COMMAND_TIMEOUT_MS);
      return bash.output().slice(from).replace(`\n${mark}\n`, '').trimEnd();
    },
    close: () => bash.stop(),
  };
}
