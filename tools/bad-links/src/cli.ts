import { parseArgs } from 'node:util';
import { ALL_CASES, OUR_CASES, type Summary, summarize } from './measure.ts';

/** Prints what each case takes, beside a peer of RFC 7959 alone; with `--json` what the latter takes, for test/fixtures. */
const { json } = parseArgs({ options: { json: { type: 'boolean' } } }).values;
const shown = ({ median, p99, worst }: Summary) => [median, p99, worst].map((ms) => (ms / 1000).toFixed(2)).join(' / ');
const alone: Record<string, Summary> = {};
for (const { name, run, runs } of ALL_CASES) alone[name] = await summarize(run, 'rfc7959', runs);
if (json) console.log(JSON.stringify(alone, undefined, 2));
else {
  console.log('| case (seconds: median / 99 % / worst) | ours | RFC 7959 alone |\n|---|---|---|');
  for (const { name, run, runs } of OUR_CASES) {
    const other = alone[name];
    console.log(`| ${name} | ${shown(await summarize(run, 'ours', runs))} | ${other ? shown(other) : '-'} |`);
  }
}
