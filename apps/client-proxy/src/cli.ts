#!/usr/bin/env node
import { runCli } from '@lb-matrix/cli-args';
import { runClientProxy } from './run-client-proxy.ts';

await runCli('lb-client-proxy', () => runClientProxy(process.argv.slice(2)));
