import { concatBytes, sameBytes } from '../../src/wire/bytes.ts';
import { HANDSHAKE_HEADER_LENGTH, HANDSHAKE_TYPE } from '../../src/wire/handshake-message.ts';
import { RECORD_HEADER_LENGTH } from '../../src/wire/record.ts';
import type { Dice } from './dice.ts';

/** The handshake fragments that come in a fragment's place. */
export interface Mutated {
  readonly fragments: readonly Uint8Array[];
  /** The message may still be put together, from these or with other copies. */
  readonly isSpared: boolean;
}

/** Changes a handshake fragment; `strangers` are fragments of the conversation's messages. */
type Mutation = (fragment: Uint8Array, dice: Dice, strangers: readonly Uint8Array[]) => Mutated;

/** Where the fields of a fragment's header are (RFC 6347 4.2.2). */
const LENGTH = 1;
const MESSAGE_SEQ = 4;
const FRAGMENT_OFFSET = 6;
const FRAGMENT_LENGTH = 9;
const BODY = HANDSHAKE_HEADER_LENGTH;

const BODY_MUTATIONS: readonly Mutation[] = [
  function flipOneBit(fragment, dice) {
    return lost(flipped(fragment, BODY, dice));
  },
  function damageSomeBytes(fragment, dice) {
    return lost(
      edited(fragment, (copy) => {
        const start = BODY + dice.nat(copy.length - BODY);
        const end = Math.min(start + 1 + dice.nat(8), copy.length);
        for (let at = start; at < end; at++) copy[at]! ^= 1 + dice.nat(255);
      }),
    );
  },
  function setWhatLengthsTakeBadly(fragment, dice) {
    return lost(
      edited(fragment, (copy) => {
        const at = BODY + dice.nat(copy.length - BODY);
        const before = copy[at]!;
        const value = dice.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff, before + 1, before - 1]) & 0xff;
        copy[at] = value === before ? before ^ 0xff : value;
      }),
    );
  },
  function cutOutDoubleOrTurn(fragment, dice) {
    const body = fragment.subarray(BODY);
    const start = dice.nat(body.length);
    const end = start + 1 + dice.nat(Math.min(16, body.length - start));
    const pieces = dice.pick([
      [body.subarray(0, start), body.subarray(end)],
      [body.subarray(0, end), body.subarray(start)],
      [body.subarray(start), body.subarray(0, start)],
    ]);
    return lost(withBody(fragment, concatBytes(pieces)));
  },
  function cutOff(fragment, dice) {
    const cut = fragment.slice(0, BODY + dice.nat(fragment.length - BODY));
    if (dice.nat(2) === 0) return lost(cut);
    setU24(cut, FRAGMENT_LENGTH, cut.length - BODY);
    return spared(cut); // an honest fragment of the message
  },
];

const ANY_MUTATIONS: readonly Mutation[] = [
  function changeType(fragment, dice) {
    const types = [...Object.values(HANDSHAKE_TYPE), 4, 15, 22, 24, 99, 255].filter((type) => type !== fragment[0]);
    return lost(edited(fragment, (copy) => copy.fill(dice.pick(types), 0, 1)));
  },
  function flipHeader(fragment, dice) {
    return spared(concatBytes([flipped(fragment.subarray(0, BODY), 0, dice), fragment.subarray(BODY)]));
  },
  function changeOneLength(fragment, dice) {
    return spared(
      edited(fragment, (copy) => {
        const at = dice.pick([LENGTH, FRAGMENT_OFFSET, FRAGMENT_LENGTH]);
        const value = (copy[at]! << 16) | (copy[at + 1]! << 8) | copy[at + 2]!;
        setU24(copy, at, dice.pick([0, 1, value + 1, value - 1, value + copy.length, 0x3fff, 0x4001, 0xffffff]));
      }),
    );
  },
  function renumber(fragment, dice) {
    return lost(
      edited(fragment, (copy) => {
        const seq = (copy[MESSAGE_SEQ]! << 8) | copy[MESSAGE_SEQ + 1]!;
        const other = seq + dice.pick([1, 2, 3, 7, 8, 9, 0x7fff, 0xfffe, 0xffff]);
        copy.set([(other >> 8) & 0xff, other & 0xff], MESSAGE_SEQ);
      }),
    );
  },
  function lengthen(fragment, dice) {
    return lost(withBody(fragment, concatBytes([fragment.subarray(BODY), dice.bytes(1 + dice.nat(40))])));
  },
  function empty(fragment) {
    return lost(withBody(fragment, new Uint8Array(0)), withBody(fragment, Uint8Array.of(0)));
  },
  function leaveOut() {
    return spared();
  },
  function exchange(fragment, dice, strangers) {
    const stranger = dice.pick(strangers);
    return dice.nat(2) === 0 ? spared(stranger) : lost(renumbered(stranger, fragment));
  },
  function addEmptyFragments(fragment, dice) {
    // CVE-2022-29190
    const none = edited(fragment.subarray(0, BODY), (copy) => setU24(copy, FRAGMENT_LENGTH, 0));
    return spared(...Array.from({ length: 1 + dice.nat(20) }, () => none), fragment);
  },
  function addStranger(fragment, dice, strangers) {
    const stranger = dice.pick(strangers);
    const other = dice.nat(2) === 0 ? stranger : renumbered(stranger, fragment);
    return spared(...(dice.nat(2) === 0 ? [other, fragment] : [fragment, other]));
  },
  function addLiar(fragment, dice) {
    const liar = flipped(fragment, fragment.length > BODY ? BODY : 0, dice);
    return spared(
      ...dice.pick([
        [liar, fragment],
        [fragment, liar],
        [fragment, fragment],
      ]),
    );
  },
];

/** A fragment as somebody changes it before it is sealed. */
export function mutateFragment(fragment: Uint8Array, dice: Dice, strangers: readonly Uint8Array[]): Mutated {
  const mutations = fragment.length > BODY && dice.nat(2) === 0 ? BODY_MUTATIONS : ANY_MUTATIONS;
  const { fragments, isSpared } = dice.pick(mutations)(fragment, dice, strangers);
  return { fragments, isSpared: isSpared || fragments.some((bytes) => sameBytes(bytes, fragment)) };
}

/** A ChangeCipherSpec that says something else. */
export function mutateChangeCipherSpec(dice: Dice): Uint8Array {
  return dice.pick([Uint8Array.of(0), Uint8Array.of(2), Uint8Array.of(1, 1), new Uint8Array(0), Uint8Array.of(2, 40)]);
}

/** What comes of a datagram that is damaged in `[start, end)`, or in the header of the record around it, which begins at `record`. */
export function damage(datagram: Uint8Array, record: number, start: number, end: number, dice: Dice): Uint8Array[] {
  const place = () => (dice.nat(3) === 0 ? record + dice.nat(RECORD_HEADER_LENGTH) : start + dice.nat(end - start));
  const flipByte = () => {
    const at = place();
    return edited(datagram, (copy) => copy.fill(copy[at]! ^ (1 + dice.nat(255)), at, at + 1));
  };
  switch (dice.nat(8)) {
    case 0:
      return [datagram.subarray(0, place())];
    case 1:
      return [concatBytes([flipByte(), dice.bytes(dice.nat(60))])];
    case 2:
      return [flipByte(), flipByte()];
    case 3:
      return [edited(datagram, (copy) => copy.set(dice.bytes(end - start), start))];
    case 4:
      return [concatBytes([datagram.subarray(0, place()), datagram])];
    default:
      return [flipByte()];
  }
}

/** The honest message cannot come of these. */
function lost(...fragments: readonly Uint8Array[]): Mutated {
  return { fragments, isSpared: false };
}

function spared(...fragments: readonly Uint8Array[]): Mutated {
  return { fragments, isSpared: true };
}

function edited(bytes: Uint8Array, edit: (copy: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  edit(copy);
  return copy;
}

function flipped(bytes: Uint8Array, from: number, dice: Dice): Uint8Array {
  const at = from + dice.nat(bytes.length - from);
  return edited(bytes, (copy) => copy.fill(copy[at]! ^ (1 << dice.nat(8)), at, at + 1));
}

function setU24(bytes: Uint8Array, at: number, value: number): void {
  bytes.set([(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff], at);
}

/** The whole message with another body. */
function withBody(fragment: Uint8Array, body: Uint8Array): Uint8Array {
  return edited(concatBytes([fragment.subarray(0, BODY), body]), (copy) => {
    setU24(copy, LENGTH, body.length);
    setU24(copy, FRAGMENT_OFFSET, 0);
    setU24(copy, FRAGMENT_LENGTH, body.length);
  });
}

/** A stranger under the number of a fragment. */
function renumbered(stranger: Uint8Array, fragment: Uint8Array): Uint8Array {
  return edited(stranger, (copy) => copy.set(fragment.subarray(MESSAGE_SEQ, FRAGMENT_OFFSET), MESSAGE_SEQ));
}
