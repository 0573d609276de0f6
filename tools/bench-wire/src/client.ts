import { type CoapClient, connect } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { connectDtls } from '@lb-matrix/dtls-transport/node';
import {
  type ClientSession,
  createClientSession,
  mapperOptionRegistry,
  requestToCoap,
  responseToHttp,
} from '@lb-matrix/msc3079-mapper';

/** A client as an application uses it: one DTLS session, one access token, JSON in and out. */
export class LowBandwidthClient {
  readonly #coap: CoapClient;
  readonly #session: ClientSession;
  readonly #token: string;

  private constructor(coap: CoapClient, token: string) {
    this.#coap = coap;
    this.#session = createClientSession();
    this.#token = token;
  }

  static async open(port: number, token: string): Promise<LowBandwidthClient> {
    // The certificate's bytes cross the wire whether it is verified or not.
    const pipe = await connectDtls({ host: '127.0.0.1', port, dangerouslySkipVerification: true });
    return new LowBandwidthClient(
      connect(pipe, { platform: nodePlatform, optionRegistry: mapperOptionRegistry }),
      token,
    );
  }

  /** The answer's JSON. Throws unless it is 2xx. */
  async request(method: string, target: string, body: unknown): Promise<unknown> {
    const request = requestToCoap(
      {
        method,
        target,
        headers: [['Authorization', `Bearer ${this.#token}`]],
        body: new TextEncoder().encode(JSON.stringify(body)),
      },
      this.#session,
    );
    const answer = responseToHttp(await this.#coap.request(request), request, this.#session);
    const text = new TextDecoder().decode(answer.body);
    if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  close(): void {
    this.#coap.close();
  }
}
