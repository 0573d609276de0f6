import { createSocket } from 'node:dgram';
import { Code, decodeMessage, encodeMessage, Type } from '@lb-matrix/coap-codec';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { DtlsClient } from '@lb-matrix/dtls-transport';
import { nodeCrypto } from '@lb-matrix/dtls-transport/node';

const PATH = 'server';

/** A client that can vanish: it has a socket of its own and says no goodbye. */
export class Client {
  readonly #socket = createSocket('udp4');
  readonly #engine: DtlsClient;
  readonly #port: number;
  readonly #out = new Uint8Array(2_048);
  #onData: (datagram: Uint8Array) => void = () => {};
  #messageId = 0;

  /** Resolves when the handshake is done. `address` is one of 127.0.0.0/8. */
  static async connect(port: number, spki: Uint8Array, address = '127.0.0.1'): Promise<Client> {
    const client = new Client(port, address);
    await client.#handshake(spki);
    return client;
  }

  private constructor(port: number, address: string) {
    this.#port = port;
    this.#socket.bind(0, address);
    const { randomBytes } = nodePlatform;
    const options = { crypto: nodeCrypto, randomBytes, path: PATH, versions: ['1.2'] } as const;
    this.#engine = new DtlsClient(options, nodePlatform.now());
  }

  /** Sends a request with this payload and resolves with that of the answer. */
  request(payload: Uint8Array): Promise<Uint8Array> {
    this.#messageId += 1;
    const { GET } = Code;
    const token = Uint8Array.of(this.#messageId);
    const message = { type: Type.CON, code: GET, messageId: this.#messageId, token, options: [], payload };
    const answer = new Promise<Uint8Array>((resolve) => {
      this.#onData = (datagram) => {
        const decoded = decodeMessage(datagram);
        if (decoded.kind !== 'malformed') resolve(decoded.message.payload);
      };
    });
    this.#engine.send(encodeMessage(message));
    this.#flush();
    return answer;
  }

  /** Is not there any more. */
  vanish(): void {
    this.#socket.close();
  }

  #handshake(spki: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const repeat = setInterval(() => {
        this.#engine.handleTimeout(nodePlatform.now());
        this.#flush();
      }, 250);
      const step = () => {
        for (let event = this.#engine.pollEvent(); event !== undefined; event = this.#engine.pollEvent()) {
          if (event.type === 'peerCertificate') this.#engine.acceptPeer(spki, nodePlatform.now());
          else if (event.type === 'data') this.#onData(event.data.slice());
          else if (event.type === 'connected' || event.type === 'closed') clearInterval(repeat);
          if (event.type === 'connected') resolve();
          else if (event.type === 'closed') reject(event.error);
        }
        this.#flush();
      };
      this.#socket.on('message', (datagram) => {
        this.#engine.receive(new Uint8Array(datagram), PATH, nodePlatform.now());
        step();
      });
      step();
    });
  }

  #flush(): void {
    for (let sent = this.#engine.pollTransmit(this.#out); sent !== undefined; ) {
      this.#socket.send(this.#out.slice(0, sent.length), this.#port, '127.0.0.1');
      sent = this.#engine.pollTransmit(this.#out);
    }
  }
}
