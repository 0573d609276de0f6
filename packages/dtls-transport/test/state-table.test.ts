import { describe, expect, test } from 'vitest';
import { CONTENT_TYPE } from '../src/wire/record.ts';
import type { Side } from './support/conversation.ts';
import { HANDSHAKE_KINDS } from './support/handshake-kinds.ts';
import { type Manner, ProbedState } from './support/probed-state.ts';
import { type Probe, probesOf } from './support/probes.ts';
import { type Recording, record } from './support/tampering.ts';

/**
 * Every state of a handshake, every message, every epoch: expected there or rejected (RFC 6347 4.2.4). A state is a number of
 * messages that have arrived; expected is the next message of the recorded handshake. What comes of each is in
 * `fixtures/state-table`.
 */

const MANNERS: Readonly<Record<string, Manner>> = {
  'epoch 0, due': { epoch: 0, isForged: false, seq: 'due' },
  'epoch 0, again': { epoch: 0, isForged: false, seq: 'again' },
  'epoch 1, due': { epoch: 1, isForged: false, seq: 'due' },
  'epoch 1, again': { epoch: 1, isForged: false, seq: 'again' },
  'epoch 1, with other keys': { epoch: 1, isForged: true, seq: 'due' },
  'epoch 2': { epoch: 2, isForged: false, seq: 'due' },
};

/** What may come in a message's place; the other side then does not know how to go on, and says what it said before. */
const ALTERNATIVES: Readonly<Record<string, string>> = {
  '2 helloVerifyRequest': '4 serverHello', // RFC 6347 4.2.1: a server need not ask for a cookie
  '4 serverHelloDone': 'certificateRequest', // RFC 5246 7.4.4
};

interface State {
  readonly side: Side;
  readonly name: string;
  /** Messages that have arrived. */
  readonly count: number;
  /** The message that comes next. */
  readonly due: string | undefined;
  /** The side waits for a verdict on the other's certificate or key. */
  readonly isAsking: boolean;
  readonly isConnected: boolean;
}

function statesOf({ messages }: Recording, side: Side): State[] {
  const isArriving = (name: string) => (side === 'client' ? '246' : '135').includes(name[0]!);
  const arriving = [...messages.keys()].filter(isArriving);
  const common = { side, isAsking: false, isConnected: false };
  const states: State[] = arriving.map((due, count) => ({ ...common, name: `before ${due}`, count, due }));
  const last = lastBeforeQuestion(messages, side);
  if (last !== undefined) {
    const name = `asking about the ${side === 'client' ? 'certificate' : 'client'}`;
    states.push({ ...common, name, count: arriving.indexOf(last) + 1, due: undefined, isAsking: true });
  }
  return [...states, { ...common, name: 'connected', count: arriving.length, due: undefined, isConnected: true }];
}

/** The message with which a flight is whole that the layer above is asked about. */
function lastBeforeQuestion(messages: Recording['messages'], side: Side): string | undefined {
  if (side === 'client') return messages.has('4 certificate') ? '4 serverHelloDone' : undefined;
  if (messages.has('5 certificateVerify')) return '5 certificateVerify';
  return messages.has('4 certificate') ? undefined : '5 clientKeyExchange'; // with a shared key
}

/** `ends`: it is authentic and says so, or it is a wrong Finished that authenticates. `believed`: see `isBelieved`. */
type Verdict = 'expected' | 'rejected' | 'ends' | 'believed';

function verdictOn(state: State, name: string, probe: Probe, { epoch, isForged, seq }: Manner): Verdict {
  const { side, due, isAsking, isConnected } = state;
  // CVE-2021-42141: the Finished is never expected without protection.
  if (epoch === 0 && seq === 'due' && isBelieved(due, name)) return 'believed';
  if (epoch === 0) return seq === 'due' && isDue(due, name) && !name.endsWith('finished') ? 'expected' : 'rejected';
  if (epoch === 2 || isForged) return 'rejected';
  if (probe.type === CONTENT_TYPE.applicationData) return isConnected ? 'expected' : 'rejected';
  const hasPeer = side === 'client' || !['1 clientHello', '3 clientHello'].includes(due ?? '');
  if (name === 'fatal alert' || name === 'close_notify') return hasPeer ? 'ends' : 'rejected';
  const awaitsFinished = isAsking || due?.endsWith('finished') || due?.endsWith('changeCipherSpec');
  if (!name.endsWith('finished') || seq === 'again' || !awaitsFinished) return 'rejected';
  const isPeers = name.startsWith(side === 'client' ? '6' : '5');
  return isPeers ? 'expected' : 'ends';
}

/**
 * It cannot be told from what the peer might say, but the peer has said something else: the handshake may come to nothing, as
 * the two sides have heard different things.
 */
function isBelieved(due: string | undefined, name: string): boolean {
  return (
    (due === '4 certificateRequest' && name === '4 serverHelloDone') ||
    (due === '5 certificate' && name === '4 certificate')
  );
}

function isDue(due: string | undefined, name: string): boolean {
  return due !== undefined && (due === name || isAlternative(due, name) || due.endsWith(` ${name}`));
}

function isAlternative(due: string | undefined, name: string): boolean {
  const alternative = due === undefined ? undefined : ALTERNATIVES[due];
  return alternative !== undefined && (name === alternative || name.endsWith(` ${alternative}`));
}

/** What a rejected record must not lead to. */
const PROGRESS = /connected|data|closed|peerCertificate|pskIdentity/;

function check(state: State, recording: Recording): string[] {
  const lines: string[] = [];
  for (const [manner, how] of Object.entries(MANNERS)) {
    const byEffect = new Map<string, string[]>();
    for (const [name, probe] of probesOf(recording)) {
      const probed = new ProbedState(recording.kind, state.side, state.count, state.isAsking);
      const isMessage = probe.handshakeType !== undefined;
      if (how.seq === 'again' && !(isMessage && probed.hasLast)) continue;
      const verdict = verdictOn(state, name, probe, how);
      const effect = probed.probe(probe, how);
      const goesOn = probed.goesOn();
      const label = `${state.name}: ${name}, ${manner}: ${effect}`;
      if (verdict !== 'believed')
        expect(goesOn, `${label}; must ${verdict === 'ends' ? 'not ' : ''}go on`).toBe(verdict !== 'ends');
      if (verdict === 'rejected') expect(effect, label).not.toMatch(PROGRESS);
      const costsNothing = verdict === 'expected' ? !isAlternative(state.due, name) : how.isForged || how.epoch === 2;
      if (costsNothing) expect(probed.waited, `${label}; must not cost a repetition`).toBe(0);
      const cell = `${verdict}: ${effect}`;
      byEffect.set(cell, [...(byEffect.get(cell) ?? []), name]);
    }
    const longest = Math.max(...[...byEffect.values()].map((names) => names.length));
    for (const [cell, names] of byEffect) {
      lines.push(`  ${manner}: ${names.length === longest ? 'all else' : names.join(', ')}`, `    ${cell}`);
    }
  }
  return [state.name, ...lines, ''];
}

/** One kind of each sequence of messages; fragments are no messages. */
const recordings: readonly Recording[] = [
  ...new Map(
    HANDSHAKE_KINDS.filter(({ maxDatagram }) => maxDatagram > 1_000)
      .map(record)
      .map((recording) => [[...recording.messages.keys()].join(), recording]),
  ).values(),
];

describe.each(recordings.map((recording) => [recording.kind.name, recording] as const))('%s', (kind, recording) => {
  describe.each(['client', 'server'] as const)('what is said to a %s', (side) => {
    const states = statesOf(recording, side);
    const table: string[] = [];

    test.each(states.map((state) => [state.name, state] as const))('%s', (_name, state) => {
      table.push(...check(state, recording));
    });

    test('comes to what the table says', async () => {
      const file = `${side}, ${kind}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
      await expect(table.join('\n')).toMatchFileSnapshot(`fixtures/state-table/${file}.txt`);
    });
  });
});
