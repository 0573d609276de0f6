import type { MessageToSend } from './handshake-13.ts';
import type { Transcript13 } from './transcript-13.ts';

/** Our messages of one flight, each noted in the transcript as it is made. */
export class FlightWriter13 {
  readonly messages: MessageToSend[] = [];
  readonly transcript: Transcript13;

  constructor(transcript: Transcript13) {
    this.transcript = transcript;
  }

  add(type: number, body: Uint8Array, epoch: MessageToSend['epoch'] = 2): void {
    this.messages.push({ epoch, type, body });
    this.transcript.add({ type, body });
  }
}
