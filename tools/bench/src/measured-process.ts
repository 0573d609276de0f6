import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

/** A program that is measured from outside, as it is: its CPU time and memory are what the system says. */
export interface MeasuredProcess {
  /** CPU time of the process so far in microseconds (to 10 ms), and its RSS in bytes. */
  usage(): { readonly cpu: number; readonly rss: number };
  stop(): Promise<void>;
}

/** Whether the system tells of other processes where we look: on Linux. */
export const canMeasureProcesses: boolean = existsSync('/proc/self/stat');

/** USER_HZ, in which Linux counts for programs, is 100 on all of its platforms that Node runs on. */
const MICROSECONDS_A_TICK = 10_000;

/** Starts a program. What it prints is thrown away. */
export function startMeasuredProcess(command: string, args: readonly string[]): MeasuredProcess {
  const child = spawn(command, args, { stdio: 'ignore' });
  const ended = once(child, 'close');
  // A benchmark that fails leaves nothing behind.
  const kill = (): void => void child.kill();
  process.once('exit', kill);
  return {
    usage() {
      // proc(5): utime and stime are the 14th and 15th field; the second is a name in brackets that may hold anything.
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      const [utime, stime] = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .slice(11, 13);
      const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      return { cpu: (Number(utime) + Number(stime)) * MICROSECONDS_A_TICK, rss: Number(kilobytes) * 1024 };
    },
    async stop() {
      process.off('exit', kill);
      kill();
      await ended;
    },
  };
}
