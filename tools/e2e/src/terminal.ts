import { type Peer, startPeer } from '@lb-matrix/interop/process';
import type { ShellOptions } from './shell.ts';

/** A command line that runs in a terminal of its own, as a reader sees it. */
export interface Terminal {
  /** Resolves once the terminal shows it. */
  readonly waitFor: Peer['waitFor'];
  /** What the terminal shows: lines ended by `\n`, without colours, and without what was wiped out again. */
  output(): string;
  /** Types Ctrl-C and resolves with the exit code, which is 130 for a command that the signal ended. */
  interrupt(): Promise<number | null>;
  /** Closes the terminal, which ends whatever still runs in it. */
  close(): Promise<void>;
}

const ESCAPE = '\\x1b';
/** A line up to where the cursor went back to its start and cleared it, as npm's spinner does. */
const WIPED_OUT = new RegExp(`.*${ESCAPE}\\[1G${ESCAPE}\\[0K`, 'g');
const COLOUR = new RegExp(`${ESCAPE}\\[[\\d;]*m`, 'g');

/** Runs one simple command in a new pseudo-terminal, which `script` (Debian: bsdutils) provides. */
export function openTerminal(command: string, { cwd, env = {} }: Omit<ShellOptions, 'stdin'>): Terminal {
  // With exec no shell stays between the terminal and the command, whose exit code is then the answer.
  const peer = startPeer('script', ['-qefc', `exec ${command}`, '/dev/null'], {
    cwd,
    env: { ...env, SHELL: '/bin/sh' },
  });
  return {
    waitFor: peer.waitFor,
    output: () => peer.output().replaceAll('\r\n', '\n').replace(WIPED_OUT, '').replace(COLOUR, ''),
    interrupt() {
      peer.write('\x03');
      return peer.exited;
    },
    close: () => peer.stop(),
  };
}
