#!/usr/bin/env node
import { runCli } from '@lb-matrix/cli-args';
import { runProxy } from './run-proxy.ts';

await runCli('lb-proxy', () => runProxy(process.argv.slice(2)));
