import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A server in a process of its own that tells what it has used (`reportCpu`). */
export interface MeasuredServer {
  readonly port: number;
  /** CPU time of the process so far in microseconds, and its RSS in bytes. */
  usage(): Promise<{ readonly cpu: number; readonly rss: number }>;
  stop(): Promise<void>;
}

/** Starts a program: a TypeScript file, a JavaScript one, or a binary. */
export async function startMeasuredServer(program: string): Promise<MeasuredServer> {
  const [command, args] = program.endsWith('.ts')
    ? [process.execPath, ['--import', 'tsx', '--conditions=@lb-matrix/source', program]]
    : program.endsWith('.js')
      ? [process.execPath, [program]]
      : [program, []];
  const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(server, 'close');
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${program} has ended`);
    return JSON.parse(value);
  };
  const { port } = (await next()) as { port: number };
  return {
    port,
    async usage() {
      server.stdin.write('\n');
      return (await next()) as { cpu: number; rss: number };
    },
    async stop() {
      server.stdin.end();
      await ended;
    },
  };
}
