import { describe, expect, onTestFinished, test } from 'vitest';
import { zlibCompression } from '../src/node/certificate-compression.ts';
import { Conversation, type Side } from './support/conversation.ts';
import { diceOf } from './support/dice.ts';
import { fixtureIdentity } from './support/fixture-identity.ts';
import type { HandshakeKind } from './support/handshake-kinds.ts';
import { repeatableCrypto, repeatableKey } from './support/repeatable-crypto.ts';
import { changeBytes, changingCrypto } from './support/sealed-mutations.ts';

/** Handshakes of each kind and way of tampering; `pnpm test:long` asks for more messages of the other campaign in the same way. */
const CASES = Number(process.env.MUTATION_HITS ?? 1_000);

const [server, client] = (['server', 'client'] as const).map((name) => fixtureIdentity(name, repeatableKey));
const versions = ['1.3'] as const;

const psk = { identity: new TextEncoder().encode('a client'), key: new Uint8Array(16).fill(7) };
const alone = { pskModes: ['psk_ke'] } as const;
const packed = { certificateCompression: zlibCompression };
const asks = { clientCertificate: 'require', clientCertificateTypes: ['raw-public-key'] } as const;

const kind = (name: string, ours: HandshakeKind['client'], theirs: HandshakeKind['listener'], maxDatagram = 1_232) => ({
  ...{ name, maxDatagram, client: { versions, ...ours } },
  listener: { versions, identity: server, ...theirs },
});

const KINDS: readonly HandshakeKind[] = [
  kind('DTLS 1.3', {}, {}),
  kind('another group, with a cookie', {}, { groups: ['secp256r1'] }),
  kind('a client certificate', { identity: client }, { clientCertificate: 'require' }),
  kind('datagrams of 200 bytes', {}, {}, 200),
  kind('a shared key, and another group with a cookie', { psk }, { psk: true, groups: ['secp256r1'] }),
  kind('a shared key alone', { psk, ...alone }, { psk: true, ...alone }),
  kind('packed certificates, and a raw key of the client', { rawKey: client!.key, ...packed }, { ...asks, ...packed }),
];

interface Outcome {
  readonly conversation: Conversation;
  /** How much the side has said, and could have been changed. */
  readonly said: number;
}

/** One handshake in which what `side` says for the `nth` time is changed: before it is sealed, or on the wire. */
function tampered(kind: HandshakeKind, side: Side, nth: number, seed: number, isSealed: boolean): Outcome {
  const dice = diceOf(seed);
  let count = 0;
  const change = (bytes: Uint8Array) => {
    if (conversation.isConnected || count++ !== nth) return bytes; // what comes later is not of the handshake
    return changeBytes(bytes, dice);
  };
  const lying = { crypto: changingCrypto(repeatableCrypto(), isSealed ? change : (plaintext) => plaintext) };
  const conversation: Conversation = new Conversation(
    {
      ...kind,
      client: { ...kind.client, ...(side === 'client' ? lying : {}) },
      listener: { ...kind.listener, ...(side === 'server' ? lying : {}) },
    },
    (datagram, from) => [!isSealed && from === side ? change(datagram) : datagram],
  );
  conversation.run(() => conversation.isConnected || conversation.isOver);
  return { conversation, said: count };
}

/** What must hold however the messages were changed. */
function faultsOf({ conversation }: Outcome): readonly string[] {
  const faults: string[] = [];
  const { connected, keyLog } = conversation;
  const secrets = (side: Side) => keyLog[side].filter((line) => line.includes('TRAFFIC_SECRET_0'));
  if (connected.client && !secrets('client').every((line) => secrets('server').includes(line))) {
    faults.push('the client has keys that the server has not');
  }
  if (connected.server && !connected.client) faults.push('the server is connected with nobody');
  if (conversation.isConnected && !conversation.isOver && !conversation.echoes()) faults.push('no data passes');
  conversation.run();
  const { handshakes, peers } = conversation.listener.stats();
  if (handshakes > 0 || peers > 0) faults.push('something has stayed behind');
  return faults;
}

describe.each(KINDS)('$name', (each) => {
  test.each([
    ['before sealing', true],
    ['on the wire', false],
  ])(
    '%s: nothing throws, goes on from a tampered message, or stays behind',
    (_name, isSealed) => {
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = 0;
      onTestFinished(() => {
        Error.stackTraceLimit = stackTraceLimit;
      });
      const said = (side: Side) => tampered(each, side, Number.POSITIVE_INFINITY, 0, isSealed).said;
      const lengths = { server: said('server'), client: said('client') };
      let completed = 0;
      for (let seed = 0; seed < CASES; seed++) {
        const side = seed % 2 === 0 ? 'server' : 'client';
        const outcome = tampered(each, side, Math.floor(seed / 2) % lengths[side], seed, isSealed);
        if (outcome.conversation.isConnected) completed += 1;
        expect([seed, ...faultsOf(outcome)]).toEqual([seed]);
      }
      console.log(`${each.name}, ${_name}: of ${CASES} handshakes ${completed} completed all the same`);
    },
    600_000,
  );
});
