import { expect, onTestFinished } from 'vitest';
import { diceOf } from './dice.ts';
import type { HandshakeKind } from './handshake-kinds.ts';
import { record, type Tampering, tamper } from './tampering.ts';

/** How often each message is changed; `pnpm test:long` asks for more. */
const HITS = Number(process.env.MUTATION_HITS ?? 1_000);

/** The share of messages that are changed before they are sealed: what the AEAD refuses anyway teaches little. */
const PLAIN = 0.7;

interface Coverage {
  all: number;
  plain: number;
}

/** Tampers with handshakes of one kind until each message has been changed `HITS` times; says how often on the console. */
export function mutationCampaign(kind: HandshakeKind): void {
  const recording = record(kind);
  const names = [...recording.messages.keys()];
  const coverage = new Map<string, Coverage>(names.map((name) => [name, { all: 0, plain: 0 }]));
  let seed = 0;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // what is thrown here is thrown thousands of times, and nobody looks at its stack
  onTestFinished(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
  for (let name = leastHit(coverage); coverage.get(name)!.all < HITS; name = leastHit(coverage)) {
    const tampering = chooseTampering(seed, name, names);
    const { hit, faults } = tamper(recording, tampering, seed);
    expect(faults, describeCase(seed, tampering)).toEqual([]);
    for (const each of hit) {
      const count = coverage.get(each)!;
      count.all += 1;
      if (tampering.isPlain) count.plain += 1;
    }
    seed += 1;
  }
  console.log(describeCoverage(kind.name, seed, coverage));
  for (const { all, plain } of coverage.values()) expect(plain / all).toBeGreaterThan(0.6);
}

function leastHit(coverage: ReadonlyMap<string, Coverage>): string {
  return [...coverage].reduce((least, next) => (next[1].all < least[1].all ? next : least))[0];
}

function chooseTampering(seed: number, name: string, names: readonly string[]): Tampering {
  const dice = diceOf(~seed);
  const isOnce = dice.chance(0.7);
  // What is changed for good stops the handshake, so later messages are never seen then.
  const candidates = isOnce ? names : names.filter((other) => other[0] === name[0]);
  const targets = new Set([name]);
  while (dice.chance(0.8)) targets.add(dice.pick(candidates));
  return { targets, isOnce, isPlain: dice.chance(PLAIN) };
}

function describeCase(seed: number, { targets, isOnce, isPlain }: Tampering): string {
  return `seed ${seed}: ${isPlain ? 'before sealing' : 'on the wire'}, ${isOnce ? 'once' : 'always'}: ${[...targets]}`;
}

function describeCoverage(name: string, handshakes: number, coverage: ReadonlyMap<string, Coverage>): string {
  const parts = [...coverage].map(([message, { all, plain }]) => `${message} ${all} (${percent(plain / all)})`);
  return `${name}: ${handshakes} handshakes; messages changed (before sealing): ${parts.join(', ')}`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
