import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { recordKeys13 } from '../../src/record/record-keys-13.ts';
import { WriteEpoch13 } from '../../src/record/write-epoch-13.ts';
import { plainRecord } from './rewrite.ts';
import { fromHex } from './wycheproof.ts';

/** Above what a handshake uses, and near enough for the replay window to take it. */
const FIRST_SEQUENCE = 40;

const LABELS = { 2: 'HANDSHAKE_TRAFFIC_SECRET', 3: 'TRAFFIC_SECRET_0' } as const;

/** Somebody who knows the keys of a DTLS 1.3 association from its key log and speaks in the name of either side. */
export class Insider {
  readonly #secrets = new Map<string, Uint8Array>();
  #sequence = FIRST_SEQUENCE;

  /** To be given to the client. */
  readonly keyLog = (line: string): void => {
    const [label, , secret] = line.split(' ');
    this.#secrets.set(label!, fromHex(secret!));
  };

  /** A datagram with one record of `side`, with a suite of AES-128-GCM. */
  record(side: 'client' | 'server', epoch: 0 | 2 | 3, type: number, content: Uint8Array): Uint8Array {
    const sequence = this.#sequence++;
    if (epoch === 0) return plainRecord(type, content, sequence);
    const secret = this.#secrets.get(`${side.toUpperCase()}_${LABELS[epoch]}`)!;
    const keys = recordKeys13(nodeCrypto, { aead: 'aes-128-gcm', hash: 'sha256' }, secret);
    const out = new Uint8Array(2_000);
    return out.slice(0, new WriteEpoch13(epoch, keys, sequence).write(type, content, out, 0, true));
  }
}
