#!/usr/bin/env node
import { runCli } from '@lb-matrix/cli-args';
import { ExitCode } from './exit-code.ts';
import { run } from './run.ts';

await runCli('coap', () => run(process.argv.slice(2)));

// A lookup of a name cannot be given up and would keep the process after --max-time. Nothing is left to be written then.
if (process.exitCode === ExitCode.TimeOut) process.exit();
