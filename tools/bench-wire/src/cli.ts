import { type CommandFlag, packageVersion, parseCommandLine, runCli, UsageError } from '@lb-matrix/cli-args';
import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { measureCold } from './cold.ts';
import type { Forms } from './forms.ts';
import { measureWire } from './measure.ts';
import type { Measurement } from './measurement.ts';
import { figuresOf, formatTable } from './report.ts';
import { measureSession } from './session.ts';
import { measureSync } from './sync.ts';

const MINUTE = 60_000;

const FLAGS = {
  homeserver: { type: 'string', describe: 'Base URL of one where anybody may register (default: the demo homeserver)' },
  runs: { type: 'number', default: 10, describe: 'How often everything is measured, but what takes a minute' },
  plain: { type: 'boolean', describe: 'Ask for nothing beyond MSC3079: no tables 2, no compression' },
  json: { type: 'boolean', describe: 'Print JSON' },
} as const satisfies Record<string, CommandFlag>;

await runCli('bench-wire', async () => {
  const parsed = parseCommandLine(process.argv.slice(2), {
    name: 'bench-wire',
    version: packageVersion(import.meta.url),
    usage: 'pnpm bench:wire [options]\n\nCounts datagrams and bytes between a client and a low-bandwidth server.',
    flags: FLAGS,
    epilogue: 'docs/benchmarks.md has the figures beside those of others.',
  });
  if (parsed.print !== undefined) {
    process.stdout.write(parsed.print);
    return 0;
  }
  const { homeserver, runs, json, plain } = parsed.flags;
  if (!(Number.isInteger(runs) && runs > 0)) throw new UsageError(`--runs takes a whole number above 0, not ${runs}`);
  const figures = (await measure(homeserver, runs, plain ? 'plain' : 'all')).map(figuresOf);
  process.stdout.write(json ? `${JSON.stringify(figures, null, 2)}\n` : `${formatTable(figures)}\n\n${note(runs)}\n`);
  return 0;
});

async function measure(homeserver: string | undefined, runs: number, forms: Forms): Promise<Measurement[]> {
  if (homeserver !== undefined) return measureAll(homeserver, runs, forms);
  const demo = await startDemoHomeserver({ log: () => {} });
  try {
    return await measureAll(demo.url, runs, forms);
  } finally {
    await demo.close();
  }
}

async function measureAll(homeserver: string, runs: number, forms: Forms): Promise<Measurement[]> {
  const minute = measureSync(homeserver, 1, { duration: MINUTE }, forms);
  const all = [
    await measureCold(homeserver, runs, forms),
    await measureWire(homeserver, runs, forms),
    await measureSync(homeserver, runs, { duration: 0 }, forms),
  ];
  for (const name of ['v2-sync-session', 'sliding-sync-session'] as const) {
    all.push(await measureSession(name, Math.min(runs, 3), forms));
  }
  const idle = (await minute).filter(({ name }) => name === 'idle').map(({ runs }) => ({ name: 'idle minute', runs }));
  return [...all.flat().filter(({ name }) => name !== 'idle'), ...idle];
}

function note(runs: number): string {
  return `${runs} runs, each with a handshake of its own; the sessions were run 3 times at most, the minute once. DTLS 1.3 by a raw
key and with connection ids, unless a row says otherwise. A range comes from the length of ECDSA signatures in DER, 69 to 72
bytes each: two of them cross the wire in a handshake with a certificate; from random ids, which compress now better, now
worse; and in answers of /sync from the age of events, in up to 5 bytes each. IP bytes: 28 of IPv4 and UDP headers a datagram.`;
}
