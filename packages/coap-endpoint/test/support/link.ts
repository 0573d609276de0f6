import { type CoapMessage, decodeMessage } from '@lb-matrix/coap-codec';
import type { VirtualTime } from '@lb-matrix/virtual-network';
import type { DatagramPipe } from '../../src/index.ts';
import { hexOf } from './messages.ts';
import { seeded } from './random.ts';

export interface LinkOptions {
  readonly seed?: number;
  /** One way, in ms; as a function what it is at that time. */
  readonly delay?: number | ((now: number) => number);
  /** Added at random, so that datagrams overtake each other. */
  readonly jitter?: number;
  /** Of 1. */
  readonly loss?: number;
  readonly duplication?: number;
  readonly maxPayload?: number;
  /** Whether the server's pipe knows that the client is there. Default true. */
  readonly validated?: boolean;
  /** Loses exactly the datagrams for which it says true. */
  readonly drop?: (datagram: Sent) => boolean;
}

export interface Sent {
  readonly from: 'client' | 'server';
  readonly at: number;
  readonly hex: string;
  readonly message: CoapMessage | undefined;
}

export class VirtualPipe implements DatagramPipe {
  maxPayload: number;
  readonly peer: DatagramPipe['peer'];
  onDatagram: DatagramPipe['onDatagram'];
  onClose: DatagramPipe['onClose'];
  roundTrip: number | undefined;
  closed = false;
  readonly #deliver: (datagram: Uint8Array) => void;

  constructor(maxPayload: number, deliver: (datagram: Uint8Array) => void, validated = true) {
    this.maxPayload = maxPayload;
    this.peer = { address: '192.0.2.1', port: 5683, validated };
    this.#deliver = deliver;
  }

  send(datagram: Uint8Array): void {
    if (this.closed) throw new Error('sent on a closed pipe');
    if (datagram.length > this.maxPayload) throw new Error(`a datagram of ${datagram.length} bytes`);
    this.#deliver(new Uint8Array(datagram));
  }

  close(): void {
    this.end(undefined);
  }

  end(reason: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this.onClose?.(reason);
  }
}

/** Two pipes with a network between them that loses, repeats and reorders. Its log holds all that was sent. */
export class VirtualLink {
  readonly client: VirtualPipe;
  readonly server: VirtualPipe;
  readonly log: Sent[] = [];

  constructor(time: VirtualTime, options: LinkOptions = {}) {
    const { delay = 10, jitter = 0, loss = 0, duplication = 0, maxPayload = 1232 } = options;
    const random = seeded(options.seed ?? 1);
    const carry = (from: Sent['from'], to: () => VirtualPipe) => (datagram: Uint8Array) => {
      const decoded = decodeMessage(datagram);
      const sent: Sent = {
        from,
        at: time.now(),
        hex: hexOf(datagram),
        message: decoded.kind === 'message' ? decoded.message : undefined,
      };
      this.log.push(sent);
      const copies = random() < duplication ? 2 : 1;
      for (let i = 0; i < copies; i++) {
        const lost = random() < loss || options.drop?.(sent);
        const wait = (typeof delay === 'number' ? delay : delay(time.now())) + random() * jitter;
        if (lost) continue;
        time.setTimer(wait, () => {
          // The bytes are the listener's only during the call: afterwards they are others.
          const view = new Uint8Array(datagram);
          to().onDatagram?.(view, time.now());
          view.fill(0xee);
        });
      }
    };
    this.client = new VirtualPipe(
      maxPayload,
      carry('client', () => this.server),
    );
    this.server = new VirtualPipe(
      maxPayload,
      carry('server', () => this.client),
      options.validated,
    );
  }

  /** The log, one line a datagram: `> hex` from the client, `< hex` from the server. */
  get lines(): string[] {
    return this.log.map(({ from, hex }) => `${from === 'client' ? '>' : '<'} ${hex}`);
  }
}
