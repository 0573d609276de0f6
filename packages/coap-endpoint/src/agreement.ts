/** What both ends of a session know of each other beyond RFC 7252. How they find out is the business of the layer above. */
export interface Agreement {
  /**
   * Both send again as measured round trips suggest, up to eight times within 60 s, and have several messages on their way
   * at once. Default: as for strangers, unless `congestion` says otherwise.
   */
  readonly transmission?: boolean | undefined;
  /** Both understand the blocks of RFC 9177. Default: those of RFC 7959 alone. */
  readonly qBlock?: boolean | undefined;
}

/** What has been agreed on in a session so far. Nothing of it is ever taken back. */
export class Agreed {
  #transmission = false;
  #qBlock = false;

  get transmission(): boolean {
    return this.#transmission;
  }

  get qBlock(): boolean {
    return this.#qBlock;
  }

  add({ transmission = false, qBlock = false }: Agreement): void {
    this.#transmission ||= transmission;
    this.#qBlock ||= qBlock;
  }
}
