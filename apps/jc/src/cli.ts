#!/usr/bin/env node
import { runCli } from '@lb-matrix/cli-args';
import { run } from './run.ts';

await runCli('jc', () => run(process.argv.slice(2)));
