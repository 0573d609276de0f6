import type { DropReason } from '../drops.ts';
import { EPOCH } from '../handshake/handshake-13.ts';
import { Reassembly } from '../handshake/reassembly.ts';
import {
  HANDSHAKE_HEADER_LENGTH,
  HANDSHAKE_TYPE,
  type HandshakeFragment,
  type HandshakeMessage,
  readHandshakeFragment,
} from '../wire/handshake-message.ts';

/** Who gets the messages. */
interface Owner {
  /** No record is read to its end once the association has ended. */
  isOpen(): boolean;
  /** A message in the clear is waited for. */
  awaitsPlain(): boolean;
  onMessage(message: HandshakeMessage, epoch: number, now: number): void;
  /** A fragment, in the clear, of a message that was handed out already. */
  onPlainRepeat(fragment: HandshakeFragment, now: number): void;
  onDrop(reason: DropReason): void;
}

/** Makes messages of the handshake records of DTLS 1.3 and hands them out in order (RFC 9147 5.5). */
export class MessageIntake {
  readonly #reassembly: Reassembly;
  readonly #owner: Owner;
  #startedOver = false;

  constructor(maxBytes: number, firstSeq: number, owner: Owner) {
    this.#reassembly = new Reassembly(maxBytes, firstSeq);
    this.#owner = owner;
  }

  /** The message_seq of the message that comes next. */
  get next(): number {
    return this.#reassembly.next;
  }

  /** Something has come, but not what stands before it. */
  get hasGap(): boolean {
    return this.#reassembly.hasGap;
  }

  /** Forgets what was put together and expects message `seq` again; the rest of the record in hand is not read. */
  restart(seq: number): void {
    this.#reassembly.restart(seq);
    this.#startedOver = true;
  }

  /** RFC 9147 5.5: a record may hold several messages or fragments. True when all of them were taken. */
  take(content: Uint8Array, epoch: number, now: number): boolean {
    let allTaken = content.length > 0;
    this.#startedOver = false;
    for (let at = 0; at < content.length && !this.#startedOver && this.#owner.isOpen(); ) {
      const fragment = readHandshakeFragment(content, at);
      if (fragment === undefined) return this.#drop('malformed');
      at += HANDSHAKE_HEADER_LENGTH + fragment.bytes.length;
      if (!this.#takeFragment(fragment, epoch, now)) allTaken = false;
    }
    return allTaken;
  }

  #takeFragment(fragment: HandshakeFragment, epoch: number, now: number): boolean {
    const { next } = this.#reassembly;
    const isRepeat = fragment.messageSeq < next;
    // Messages in the clear count only when the handshake waits for one, and only for the next: anybody could send others.
    const isWanted = epoch > EPOCH.plain || isRepeat || (this.#owner.awaitsPlain() && fragment.messageSeq === next);
    if (!isWanted || !belongsToEpoch13(fragment.type, epoch)) return this.#drop('unexpected');
    if (isRepeat) {
      if (epoch === EPOCH.plain) this.#owner.onPlainRepeat(fragment, now);
      return true;
    }
    if (!this.#reassembly.add(fragment)) return this.#drop('overflow');
    for (let message = this.#reassembly.take(); message !== undefined; message = this.#reassembly.take()) {
      this.#owner.onMessage(message, epoch, now);
      if (epoch === EPOCH.plain) break;
    }
    return true;
  }

  #drop(reason: DropReason): false {
    this.#owner.onDrop(reason);
    return false;
  }
}

const PLAIN: readonly number[] = [
  HANDSHAKE_TYPE.clientHello,
  HANDSHAKE_TYPE.serverHello,
  HANDSHAKE_TYPE.helloVerifyRequest,
];
const PROTECTED: readonly number[] = [
  HANDSHAKE_TYPE.encryptedExtensions,
  HANDSHAKE_TYPE.certificateRequest,
  HANDSHAKE_TYPE.certificate,
  HANDSHAKE_TYPE.compressedCertificate,
  HANDSHAKE_TYPE.certificateVerify,
  HANDSHAKE_TYPE.finished,
];

/** CVE-2021-42141: each message only in its epoch (RFC 9147 6.1). */
function belongsToEpoch13(type: number, epoch: number): boolean {
  if (PLAIN.includes(type)) return epoch === EPOCH.plain;
  return PROTECTED.includes(type) ? epoch === EPOCH.handshake : epoch >= EPOCH.application;
}
