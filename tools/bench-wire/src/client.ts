import { connect } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { type ConnectDtlsOptions, connectDtls } from '@lb-matrix/dtls-transport/node';
import { createClientSession, mapperOptionRegistry, requestToCoap, responseToHttp } from '@lb-matrix/msc3079-mapper';
import { type Forms, formsOf } from './forms.ts';

/** A client as an application uses it: one DTLS session, one access token, JSON in and out. */
export interface LowBandwidthClient {
  /** The answer's JSON. Throws unless it is 2xx. */
  request(method: string, target: string, body: unknown): Promise<Record<string, string>>;
  close(): void;
}

/** How a client connects. */
export type Dtls = Pick<ConnectDtlsOptions, 'versions' | 'pins' | 'dangerouslySkipVerification'>;

/** The certificate's bytes cross the wire whether it is verified or not. */
const DTLS_1_2: Dtls = { versions: ['1.2'], dangerouslySkipVerification: true };

/** Connects to a low-bandwidth server on 127.0.0.1. */
export async function openClient(
  port: number,
  token: string,
  forms: Forms,
  dtls: Dtls = DTLS_1_2,
): Promise<LowBandwidthClient> {
  const pipe = await connectDtls({ host: '127.0.0.1', port, ...dtls });
  const coap = connect(pipe, { platform: nodePlatform, optionRegistry: mapperOptionRegistry });
  const { tables, compression } = formsOf(forms);
  const session = createClientSession({ tables, compression: compression || undefined });
  const headers = [['Authorization', `Bearer ${token}`]] as const;

  return {
    async request(method, target, json) {
      const body = new TextEncoder().encode(JSON.stringify(json));
      const request = requestToCoap({ method, target, headers, body }, session);
      const answer = responseToHttp(await coap.request(request), request, session);
      const text = new TextDecoder().decode(answer.body);
      if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${text}`);
      return JSON.parse(text);
    },
    close: () => coap.close(),
  };
}
