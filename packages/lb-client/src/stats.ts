import type { HttpRequest, HttpResponse } from '@lb-matrix/msc3079-mapper';
import type { ClientPipe, PipeTraffic } from './client-platform.ts';

/** What a fetch has done so far. */
export interface LowBandwidthStats {
  /** UDP datagrams and the bytes in them, handshakes included. */
  readonly datagramsSent: number;
  readonly bytesSent: number;
  readonly datagramsReceived: number;
  readonly bytesReceived: number;
  /** Requests answered over low bandwidth. */
  readonly requests: number;
  /** Answers to registrations and pushes of what is observed. */
  readonly pushes: number;
  /** Requests that went to the real `fetch`. */
  readonly fallbacks: number;
  /**
   * An estimate of what the same requests and answers are over HTTP/1.1 with JSON: request and status lines, the headers
   * that the request or answer really has with Host, Authorization and Content-Length, the bodies in JSON, and 22 bytes of TLS 1.3 record for each of them. No
   * handshake, no TCP or IP, no other headers, no compression.
   */
  readonly httpBytes: number;
}

/** RFC 8446 5.2: header 5, content type 1, tag 16. */
const TLS_RECORD = 22;

/** Counts for one fetch. */
export class Meter {
  requests = 0;
  pushes = 0;
  fallbacks = 0;
  #httpBytes = 0;
  /** Pipes that count on; what ended ones had counted is in `#past`. */
  readonly #pipes: Set<ClientPipe> = new Set();
  #past: PipeTraffic = NO_TRAFFIC;

  pipe(pipe: ClientPipe): void {
    this.#pipes.add(pipe);
  }

  /** A pipe will not carry anything more. */
  ended(pipe: ClientPipe): void {
    if (this.#pipes.delete(pipe)) this.#past = add(this.#past, pipe.stats());
  }

  exchanged(request: HttpRequest, host: string, response: HttpResponse): void {
    this.requests++;
    const { method, target, body } = request;
    const lines = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n`.length;
    this.#httpBytes += lines + TLS_RECORD + messageBytes(request.headers, body?.length ?? 0);
    this.#httpBytes += 'HTTP/1.1 200 OK\r\n'.length + TLS_RECORD + messageBytes(response.headers, response.body.length);
  }

  read(): LowBandwidthStats {
    let traffic = this.#past;
    for (const pipe of this.#pipes) traffic = add(traffic, pipe.stats());
    const { requests, pushes, fallbacks } = this;
    return { ...traffic, requests, pushes, fallbacks, httpBytes: this.#httpBytes };
  }
}

const NO_TRAFFIC: PipeTraffic = { datagramsSent: 0, bytesSent: 0, datagramsReceived: 0, bytesReceived: 0 };

function add(a: PipeTraffic, b: PipeTraffic): PipeTraffic {
  return {
    datagramsSent: a.datagramsSent + b.datagramsSent,
    bytesSent: a.bytesSent + b.bytesSent,
    datagramsReceived: a.datagramsReceived + b.datagramsReceived,
    bytesReceived: a.bytesReceived + b.bytesReceived,
  };
}

/** The headers as they are, Content-Length, the empty line, the body. */
function messageBytes(headers: HttpRequest['headers'], bodyBytes: number): number {
  const fields = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  const length = bodyBytes === 0 ? 0 : `Content-Length: ${bodyBytes}\r\n`.length;
  return fields + length + 2 + bodyBytes;
}
