import { type CoapMessage, decodeMessage } from '@lb-matrix/coap-codec';
import type { DatagramPipe, PipeListener } from '@lb-matrix/coap-endpoint';

export type Side = 'client' | 'server';

/** A message on the wire, and who sent it. */
export interface Sent {
  readonly from: Side;
  readonly message: CoapMessage;
}

/** What crossed the wire, and what is to be lost there. */
export interface Wire {
  /** Oldest first, lost ones included. */
  readonly sent: Sent[];
  /** Decides for each message, before it is added to `sent`, whether it is lost. */
  loses?: ((next: Sent) => boolean) | undefined;
}

/** The pipe of our end, which plays `side`, with its messages on the wire. */
export function tapPipe(pipe: DatagramPipe, side: Side, wire: Wire): DatagramPipe {
  const other = side === 'client' ? 'server' : 'client';
  const passes = (from: Side, datagram: Uint8Array): boolean => {
    const decoded = decodeMessage(Uint8Array.from(datagram));
    // What is no message of the peer's is not shown: go-coap asks for the second block of a notification in the ACK.
    if (decoded.kind === 'malformed' && from === other) return true;
    if (decoded.kind === 'malformed') throw new Error(`a malformed message of ours: ${decoded.reason}`);
    const next = { from, message: decoded.message };
    const lost = wire.loses?.(next) ?? false;
    wire.sent.push(next);
    return !lost;
  };
  return {
    get maxPayload() {
      return pipe.maxPayload;
    },
    get peer() {
      return pipe.peer;
    },
    send(datagram) {
      if (passes(side, datagram)) pipe.send(datagram);
    },
    set onDatagram(listener: DatagramPipe['onDatagram']) {
      pipe.onDatagram =
        listener &&
        ((datagram, now) => {
          if (passes(other, datagram)) listener(datagram, now);
        });
    },
    set onClose(listener: DatagramPipe['onClose']) {
      pipe.onClose = listener;
    },
    close: () => pipe.close(),
  };
}

/** The same for all pipes of our server. */
export function tapListener(listener: PipeListener, wire: Wire): PipeListener {
  return {
    set onPipe(onPipe: PipeListener['onPipe']) {
      listener.onPipe = onPipe && ((pipe) => onPipe(tapPipe(pipe, 'server', wire)));
    },
    close: () => listener.close(),
  };
}
