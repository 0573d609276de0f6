import type { Endpoint } from './endpoint.ts';
import type { EndpointEvent } from './events.ts';
import type { DatagramPipe } from './pipe.ts';

/**
 * Carries what an endpoint has to say out to its pipe and its events to `onEvent`, until it has no more. While that
 * runs, a call from within (a pipe that answers at once, a handler that does) returns at once: the running one goes on.
 */
export function drainer(endpoint: Endpoint, pipe: DatagramPipe, onEvent: (event: EndpointEvent) => void): () => void {
  let out = new Uint8Array(pipe.maxPayload);
  let running = false;
  return () => {
    if (running) return;
    running = true;
    try {
      for (;;) {
        const { maxPayload } = pipe;
        if (maxPayload > out.length) out = new Uint8Array(maxPayload);
        const length = endpoint.pollTransmit(out.subarray(0, maxPayload));
        if (length !== undefined) {
          pipe.send(out.subarray(0, length));
          continue;
        }
        const event = endpoint.pollEvent();
        if (event === undefined) return;
        onEvent(event);
      }
    } finally {
      running = false;
    }
  };
}
