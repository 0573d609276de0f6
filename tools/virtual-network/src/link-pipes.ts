import type { Direction, Link, LinkClock } from './link.ts';

/** A `DatagramPipe` of coap-endpoint, as far as it is one by structure. */
export interface LinkPipe {
  maxPayload: number;
  readonly roundTrip: number | undefined;
  readonly peer: { readonly address: string; readonly port: number; readonly validated: boolean };
  onDatagram?: ((datagram: Uint8Array, now: number) => void) | undefined;
  onClose?: ((reason: unknown) => void) | undefined;
  send(datagram: Uint8Array): void;
  close(): void;
}

/** What there is between the pipes and the link. */
export interface LinkPipeOptions {
  /** The longest datagram of a pipe. Default 1232. */
  readonly maxPayload?: number;
  /** Bytes that encryption adds to each: 20 for AES-GCM in DTLS 1.3 without a connection id. Default 0. */
  readonly overhead?: number;
  /** The round trip that the handshake took, as the pipes say it. Default: they do not know. */
  readonly roundTrip?: number;
}

/** The two ends of a session over a link. */
export function linkPipes(
  link: Link,
  clock: LinkClock,
  { maxPayload = 1232, overhead = 0, roundTrip }: LinkPipeOptions = {},
): { readonly client: LinkPipe; readonly server: LinkPipe } {
  const end = (direction: Direction, other: () => LinkPipe): LinkPipe => {
    let closed = false;
    return {
      maxPayload,
      roundTrip,
      peer: { address: '192.0.2.1', port: 5684, validated: true },
      send(datagram) {
        if (closed) throw new Error('sent on a closed pipe');
        if (datagram.length > this.maxPayload) throw new Error(`a datagram of ${datagram.length} bytes`);
        const bytes = Uint8Array.from(datagram);
        link.send(direction, bytes.length + overhead, () => other().onDatagram?.(bytes, clock.now()));
      },
      close() {
        if (closed) return;
        closed = true;
        this.onClose?.(undefined);
      },
    };
  };
  const client: LinkPipe = end('up', () => server);
  const server: LinkPipe = end('down', () => client);
  return { client, server };
}
