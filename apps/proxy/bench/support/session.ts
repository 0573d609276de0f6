import { connect } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { connectDtls } from '@lb-matrix/dtls-transport/node';
import { createClientSession, mapperOptionRegistry, requestToCoap, responseToHttp } from '@lb-matrix/msc3079-mapper';

/** A client of one DTLS session. */
export interface Session {
  /** Sends 'Hello World' to a room. */
  send(transaction: number): Promise<void>;
  close(): void;
}

const BODY = new TextEncoder().encode(JSON.stringify({ msgtype: 'm.text', body: 'Hello World' }));
const HEADERS = [
  ['authorization', 'Bearer syt_Ym9i_aFvqNLmWkPqTzDSpaXgE_0cJ2Mv'],
  ['content-type', 'application/json'],
] as const;

/** Connects: a full handshake of DTLS 1.2, with cookie. */
export async function openSession(port: number): Promise<Session> {
  const pipe = await connectDtls({ host: '127.0.0.1', port, dangerouslySkipVerification: true });
  const client = connect(pipe, { platform: nodePlatform, optionRegistry: mapperOptionRegistry });
  const session = createClientSession();
  return {
    async send(transaction) {
      const target = `/_matrix/client/v3/rooms/!room%3Alocalhost/send/m.room.message/${transaction}`;
      const request = requestToCoap({ method: 'PUT', target, headers: HEADERS, body: BODY }, session);
      const { status } = responseToHttp(await client.request(request), request, session);
      if (status !== 200) throw new Error(`the proxy answers with ${status}`);
    },
    close: () => client.close(),
  };
}
