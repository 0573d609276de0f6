import { Fifo } from '../fifo.ts';
import { WriteEpoch } from '../record/write-epoch.ts';
import { ALERT, writeAlert } from '../wire/alert.ts';
import { HANDSHAKE_TYPE, handshakeMessage } from '../wire/handshake-message.ts';
import { writeHelloVerifyRequest } from '../wire/hello-verify-request.ts';
import { CONTENT_TYPE, RECORD_HEADER_LENGTH, type RecordHeader, readRecordHeader } from '../wire/record.ts';
import { RateLimit } from './rate-limit.ts';

/** Replies that may wait to be sent; more are dropped. */
const MAX_WAITING = 256;

const ALERTS_PER_SECOND = 1_000;

/** Numbers of alerts begin here: above all that an association used before it was lost, else a peer takes them for replays. */
const FIRST_ALERT_SEQUENCE = 2 ** 32;

const ALERT_RECORD_LENGTH = RECORD_HEADER_LENGTH + 2;

/**
 * What is said to an address without remembering it. No reply is longer than what it answers but a HelloRetryRequest: to a ClientHello of
 * the fewest bytes that could be answered at all, it has half as many more. RFC 9147 5.1 allows three times.
 */
export class StatelessReplies {
  readonly #waiting = new Fifo<{ readonly path: string; readonly datagram: Uint8Array }>();
  readonly #alertLimit = new RateLimit(ALERTS_PER_SECOND);
  readonly #alertWriter = new WriteEpoch(0, undefined, FIRST_ALERT_SEQUENCE);

  get pending(): boolean {
    return !this.#waiting.isEmpty;
  }

  /** Asks for the ClientHello once more, with this cookie. */
  helloVerifyRequest(path: string, { sequence }: RecordHeader, messageSeq: number, cookie: Uint8Array): void {
    // RFC 6347 4.2.1: both numbers are the ClientHello's, because we keep none.
    const { raw } = handshakeMessage(HANDSHAKE_TYPE.helloVerifyRequest, messageSeq, writeHelloVerifyRequest(cookie));
    this.#push(path, new WriteEpoch(0, undefined, sequence), CONTENT_TYPE.handshake, raw);
  }

  /** Asks for the ClientHello once more; `body` says with what (RFC 8446 4.1.4). */
  helloRetryRequest(path: string, { sequence }: RecordHeader, messageSeq: number, body: Uint8Array): void {
    // RFC 9147 5.1: both numbers are the ClientHello's, because we keep none.
    const { raw } = handshakeMessage(HANDSHAKE_TYPE.serverHello, messageSeq, body);
    this.#push(path, new WriteEpoch(0, undefined, sequence), CONTENT_TYPE.handshake, raw);
  }

  /** Tells a client why its ClientHello leads to nothing. */
  refusal(path: string, alert: number, now: number): void {
    if (this.#alertLimit.take(now)) this.#push(path, this.#alertWriter, CONTENT_TYPE.alert, writeAlert(alert));
  }

  /**
   * The same for a record of DTLS 1.3, which does not show what is in it. What but for its first byte is a record in the
   * clear may be a damaged ClientHello.
   */
  unknownAssociation13(path: string, datagram: Uint8Array, now: number): void {
    if (datagram.length < ALERT_RECORD_LENGTH || readRecordHeader(datagram, 0)?.epoch === 0) return;
    this.refusal(path, ALERT.unexpected_message, now);
  }

  /**
   * Tells a peer that thinks it has an association with us that it has none: the datagram holds a protected record of
   * handshake or data. An alert is not answered with an alert, and a damaged ClientHello not with the end of a handshake.
   */
  unknownAssociation(path: string, datagram: Uint8Array, first: RecordHeader, now: number): void {
    if (datagram.length < ALERT_RECORD_LENGTH || !holdsProtectedRecord(datagram, first)) return;
    this.refusal(path, ALERT.unexpected_message, now);
  }

  /** Writes the next reply; `undefined` when there is none. */
  write(out: Uint8Array): { readonly length: number; readonly path: string } | undefined {
    const reply = this.#waiting.take();
    if (reply === undefined) return undefined;
    out.set(reply.datagram);
    return { length: reply.datagram.length, path: reply.path };
  }

  #push(path: string, writer: WriteEpoch, type: number, content: Uint8Array): void {
    if (this.#waiting.length >= MAX_WAITING) return;
    const datagram = new Uint8Array(writer.overhead + content.length);
    writer.write(type, content, datagram, 0);
    this.#waiting.push({ path, datagram });
  }
}

function holdsProtectedRecord(datagram: Uint8Array, first: RecordHeader): boolean {
  for (
    let header: RecordHeader | undefined = first;
    header !== undefined;
    header = readRecordHeader(datagram, header.end)
  ) {
    const { epoch, type } = header;
    if (epoch === 1 && (type === CONTENT_TYPE.handshake || type === CONTENT_TYPE.applicationData)) return true;
  }
  return false;
}
