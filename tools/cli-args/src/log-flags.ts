import type { CommandFlag } from './command-line.ts';

/** The flags by which an app is told what to log, and how. */
export const LOG_FLAGS = {
  'log-level': {
    type: 'string',
    choices: ['debug', 'info', 'warn', 'error'],
    default: 'info',
    describe: 'What to log',
  },
  'log-format': { type: 'string', choices: ['text', 'json'], describe: 'Default: text on a terminal, else json' },
} as const satisfies Record<string, CommandFlag>;

/** How much is logged. */
export type LogLevel = (typeof LOG_FLAGS)['log-level']['choices'][number];

/** One line for people, or one JSON object a line. */
export type LogFormat = (typeof LOG_FLAGS)['log-format']['choices'][number];
