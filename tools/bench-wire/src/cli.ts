import { type CommandFlag, packageVersion, parseCommandLine, runCli, UsageError } from '@lb-matrix/cli-args';
import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { type Measurement, measureWire } from './measure.ts';
import { figuresOf, formatTable } from './report.ts';

const FLAGS = {
  homeserver: { type: 'string', describe: 'Base URL of one where anybody may register (default: the demo homeserver)' },
  runs: { type: 'number', default: 10, describe: 'How often everything is measured' },
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
  const { homeserver, runs, json } = parsed.flags;
  if (!(Number.isInteger(runs) && runs > 0)) throw new UsageError(`--runs takes a whole number above 0, not ${runs}`);
  const figures = (await measure(homeserver, runs)).map(figuresOf);
  process.stdout.write(json ? `${JSON.stringify(figures, null, 2)}\n` : `${formatTable(figures)}\n\n${note(runs)}\n`);
  return 0;
});

async function measure(homeserver: string | undefined, runs: number): Promise<Measurement[]> {
  if (homeserver !== undefined) return measureWire(homeserver, runs);
  const demo = await startDemoHomeserver({ log: () => {} });
  try {
    return await measureWire(demo.url, runs);
  } finally {
    await demo.close();
  }
}

function note(runs: number): string {
  return `${runs} runs, each with a handshake and a certificate of its own. A range comes from the length of ECDSA signatures in
DER, 69 to 72 bytes each: two of them cross the wire in a handshake. IP bytes: 28 of IPv4 and UDP headers a datagram.`;
}
