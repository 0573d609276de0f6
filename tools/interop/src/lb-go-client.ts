import { buildGoPeer } from './install.ts';
import { startPeer } from './process.ts';

/** A request of the Go client; segments and queries are as they go into the options, decoded. */
export interface GoRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: readonly string[];
  readonly query?: readonly string[];
  /** Left out or empty: a zero-length option 256, as existing clients send it. */
  readonly token?: string;
  /** CBOR. */
  readonly body?: Uint8Array;
  readonly timeoutMs?: number;
}

/** What the Go client made of the response: `error` where existing clients would fail. */
export interface GoAnswer {
  readonly status?: number;
  readonly format: number;
  readonly body: Uint8Array;
  readonly error?: string;
}

/** A response to a registration, or a notification. */
interface GoNotification extends GoAnswer {
  readonly messageId: number;
  /** -1 where there is none. */
  readonly observe: number;
}

export interface GoClient {
  request(request: GoRequest): Promise<GoAnswer>;
  /** Registers with a GET, and returns what waits for each next response. The client is for nothing else from then on. */
  observe(request: Omit<GoRequest, 'method'>): () => Promise<GoNotification>;
  close(): Promise<void>;
}

/** Connects a client built as existing MSC3079 clients are (pion/dtls 2.0.9, go-coap 2.4.0) to `host:port`. */
export async function connectGoClient(address: string): Promise<GoClient> {
  const peer = startPeer(buildGoPeer('lb-go-client'), [address]);
  await peer.waitFor(/\{"connected":true\}\n/);
  let lines = 1;

  function write(
    method: string,
    { path, query = [], token = '', body, timeoutMs = 20_000 }: Omit<GoRequest, 'method'>,
  ): void {
    const hex = body === undefined ? '' : Buffer.from(body).toString('hex');
    peer.write(`${JSON.stringify({ method, path, query, token, body: hex, timeoutMs })}\n`);
  }

  async function read(timeoutMs = 20_000): Promise<GoNotification> {
    const answer = new RegExp(`^(?:.*\\n){${lines++}}(.*)\\n`);
    const [, line] = await peer.waitFor(answer, timeoutMs + 5_000);
    const parsed = JSON.parse(line!);
    return { ...parsed, body: Uint8Array.from(Buffer.from(parsed.body, 'hex')) };
  }

  return {
    request(request) {
      write(request.method, request);
      return read(request.timeoutMs);
    },
    observe(request) {
      write('OBSERVE', request);
      return () => read();
    },
    close: () => peer.stop(),
  };
}
