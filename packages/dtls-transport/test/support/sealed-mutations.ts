import type { Aead, CryptoProvider } from '../../src/crypto/provider.ts';
import type { Dice } from './dice.ts';

/** A provider that hands each plaintext of an AEAD to `change` before it is sealed: a peer that knows the keys and lies. */
export function changingCrypto(crypto: CryptoProvider, change: (plaintext: Uint8Array) => Uint8Array): CryptoProvider {
  return {
    ...crypto,
    aead(name, key): Aead {
      const honest = crypto.aead(name, key);
      return {
        ...honest,
        seal: (nonce, aad, plaintext, out, at) => honest.seal(nonce, aad, change(plaintext), out, at),
      };
    },
  };
}

/** Other bytes of the same length, with a difference that a parser may trip over. Lengths stay, as the header of a record has said them. */
export function changeBytes(bytes: Uint8Array, dice: Dice): Uint8Array {
  const changed = bytes.slice();
  const at = dice.nat(changed.length);
  const rest = changed.length - at;
  switch (dice.nat(6)) {
    case 0:
      changed[at]! ^= 1 << dice.nat(8);
      break;
    case 1:
      changed[at] = dice.pick([0, 1, 0x7f, 0x80, 0xff, changed[at]! + 1, changed[at]! - 1]);
      break;
    case 2: // the header of the first fragment: type, length, message_seq, offset, length
      changed[dice.nat(Math.min(12, changed.length))] = dice.pick([0, 1, 2, 8, 11, 15, 20, 24, 0xff]);
      break;
    case 3:
      changed.set(dice.bytes(Math.min(rest, 1 + dice.nat(8))), at);
      break;
    case 4:
      changed.copyWithin(at, dice.nat(changed.length));
      break;
    default:
      changed[changed.length - 1] = dice.pick([0, 20, 21, 22, 23, 26, 99]); // in a record: the type of its content
  }
  return changed;
}
