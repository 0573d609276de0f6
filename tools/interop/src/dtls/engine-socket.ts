import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What `DtlsClient` and `DtlsListener` have in common. A path is a UDP port of 127.0.0.1 here, in digits. */
interface Engine<Event> {
  receive(datagram: Uint8Array, path: string, now: number): void;
  handleTimeout(now: number): void;
  pollTimeout(): number | undefined;
  pollTransmit(out: Uint8Array): { readonly length: number; readonly path: string } | undefined;
  pollEvent(): Event | undefined;
}

/** An engine on a socket that can be changed for another, as when a NAT forgets. */
export interface EngineSocket {
  /** Calls the engine, and does what follows from it. */
  step(call: (now: number) => void): void;
  port(): number;
  /** Goes on at another port; what still comes to the old one is lost. */
  move(): Promise<void>;
  close(): void;
}

export async function engineSocket<Event>(
  engine: Engine<Event>,
  onEvent: (event: Event, now: number) => void,
): Promise<EngineSocket> {
  const out = new Uint8Array(2_048);
  let socket: Socket;
  let timer: NodeJS.Timeout | undefined;

  function step(call: (now: number) => void): void {
    const now = performance.now();
    call(now);
    for (let event = engine.pollEvent(); event !== undefined; event = engine.pollEvent()) onEvent(event, now);
    for (let sent = engine.pollTransmit(out); sent !== undefined; sent = engine.pollTransmit(out)) {
      socket.send(out.slice(0, sent.length), Number(sent.path), '127.0.0.1');
    }
    clearTimeout(timer);
    const deadline = engine.pollTimeout();
    if (deadline !== undefined) {
      timer = setTimeout(() => step((at) => engine.handleTimeout(at)), Math.max(0, deadline - performance.now()));
    }
  }

  async function open(): Promise<void> {
    socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.on('message', (datagram, { port }) => {
      step((now) => engine.receive(Uint8Array.from(datagram), String(port), now));
    });
  }

  await open();
  return {
    step,
    port: () => socket.address().port,
    async move() {
      const before = socket;
      await open();
      before.close();
    },
    close() {
      clearTimeout(timer);
      socket.close();
    },
  };
}
