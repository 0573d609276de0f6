/** What is remembered of a datagram while it is under way (draft-cheng-iccrg-delivery-rate-estimation section 3.1). */
export interface SentDatagram {
  bytes: number;
  at: number;
  /** Bytes that had been delivered when it was sent, and lost, and when the last of the former were. */
  delivered: number;
  lost: number;
  deliveredAt: number;
  /** When that was sent which was delivered last when this was sent. */
  firstSentAt: number;
  /** The sender had had less to say than it might have sent. */
  isSparse: boolean;
}

/** The bytes a millisecond in which the network delivers: draft-cheng-iccrg-delivery-rate-estimation. */
export class DeliveryRate {
  #delivered = 0;
  #lost = 0;
  #deliveredAt = 0;
  #firstSentAt = 0;
  /** What was sent before so much had been delivered was sent by a sender with too little to say. 0: none was. */
  #sparseUntil = 0;
  #inFlight = 0;
  /** Records that nobody uses: nothing is allocated for a datagram once there are as many as are ever under way. */
  readonly #free: SentDatagram[] = [];

  get inFlight(): number {
    return this.#inFlight;
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** Section 3.2. */
  send(bytes: number, now: number): SentDatagram {
    if (this.#inFlight === 0) {
      this.#firstSentAt = now;
      this.#deliveredAt = now;
    }
    const sent = this.#free.pop() ?? emptyRecord();
    sent.bytes = bytes;
    sent.at = now;
    sent.delivered = this.#delivered;
    sent.lost = this.#lost;
    sent.deliveredAt = this.#deliveredAt;
    sent.firstSentAt = this.#firstSentAt;
    sent.isSparse = this.#delivered < this.#sparseUntil;
    this.#inFlight += bytes;
    return sent;
  }

  /**
   * Section 3.3: the rate that the delivery of a datagram shows, `undefined` when the time for it was shorter than a round trip can be. What
   * got lost meanwhile is added up to `lostShare` of all: it has used the link if it was not congestion that took it.
   */
  deliver(sent: SentDatagram, lostShare: number, shortest: number, now: number): number | undefined {
    this.#inFlight -= sent.bytes;
    this.#delivered += sent.bytes;
    this.#deliveredAt = now;
    this.#firstSentAt = Math.max(this.#firstSentAt, sent.at);
    // The slower of the two: feedback that comes in bursts does not make it seem faster than what was sent.
    const interval = Math.max(sent.at - sent.firstSentAt, now - sent.deliveredAt);
    const delivered = this.#delivered - sent.delivered;
    const lost = Math.min(this.#lost - sent.lost, (delivered * lostShare) / (1 - lostShare));
    this.#free.push(sent);
    return interval < shortest || interval <= 0 ? undefined : (delivered + lost) / interval;
  }

  lose(sent: SentDatagram): void {
    this.#lost += sent.bytes;
    this.forget(sent);
  }

  /** Nobody will say what became of it. */
  forget(sent: SentDatagram): void {
    this.#inFlight -= sent.bytes;
    this.#free.push(sent);
  }

  /** Section 3.4: the sender has sent less than it might have. */
  markSparse(): void {
    this.#sparseUntil = this.#delivered + Math.max(1, this.#inFlight);
  }
}

function emptyRecord(): SentDatagram {
  return { bytes: 0, at: 0, delivered: 0, lost: 0, deliveredAt: 0, firstSentAt: 0, isSparse: false };
}
