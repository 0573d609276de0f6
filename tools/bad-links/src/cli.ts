import { parseArgs } from 'node:util';
import { ALL_CASES, type Summary, summarize } from './measure.ts';

/** Prints what each case takes, beside a peer of RFC 7959 alone; with `--json` what the latter takes, for test/fixtures. */
const { json } = parseArgs({ options: { json: { type: 'boolean' } } }).values;
const before: Record<string, Summary> = {};
const shown = ({ median, p99, worst }: Summary) => [median, p99, worst].map((ms) => (ms / 1000).toFixed(2)).join(' / ');
if (!json) console.log('| case (seconds: median / 99 % / worst) | ours | RFC 7959 alone |\n|---|---|---|');
for (const { name, run, runs } of ALL_CASES) {
  before[name] = await summarize(run, 'rfc7959', runs);
  if (!json) console.log(`| ${name} | ${shown(await summarize(run, 'ours', runs))} | ${shown(before[name])} |`);
}
if (json) console.log(JSON.stringify(before, undefined, 2));
