import { execFileSync } from 'node:child_process';
import { buildProgram } from '../src/built-program.ts';

/** See `src/dtls-engine.ts`. */
execFileSync(process.execPath, ['--expose-gc', buildProgram('dtls-engine')], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
