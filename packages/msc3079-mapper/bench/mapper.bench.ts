import { bench, describe } from 'vitest';
import {
  createClientSession,
  createServerSession,
  type HttpRequest,
  type HttpResponse,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
} from '../src/index.ts';

// One message sent and its answer. The peer is what a plain HTTP gateway in Node would make of the same exchange: a
// fetch Request and Response, with the bodies parsed and written as JSON.

const target = '/_matrix/client/v3/rooms/!XcOfsJ2-OAI3XFmQ21ZRvJfryRWOhMLtjjyoWDKgwyA/send/m.room.message/m17954206868';
const send = '{"msgtype":"m.text","body":"Hello World","m.mentions":{}}';
const sent = '{"event_id":"$HJHQM5S-zpfXXAFAQitWp_D6PHkmLc0CoTJ9-4groc"}';
const authorization = 'Bearer syt_YWxpY2U_xxxxxxxxxxxxxxxxxxxxxxxxxxx';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const request: HttpRequest = { method: 'PUT', target, headers: [['authorization', authorization]], body: utf8(send) };
const response: HttpResponse = { status: 200, headers: [['content-type', 'application/json']], body: utf8(sent) };

const client = createClientSession({ askKeyTable: true });
const server = createServerSession();

const coapRequest = requestToCoap(request, client);
const { answer } = requestToHttp(coapRequest, server);
const coapResponse = responseToCoap(response, answer, server);
responseToHttp(coapResponse, coapRequest, client);

describe('send an event: request and answer', () => {
  bench('mapper, server side: CoAP -> HTTP -> CoAP', () => {
    responseToCoap(response, requestToHttp(coapRequest, server).answer, server);
  });

  bench('mapper, client side: HTTP -> CoAP -> HTTP', () => {
    responseToHttp(coapResponse, requestToCoap(request, client), client);
  });

  bench('peer: a fetch Request and Response with JSON bodies', async () => {
    const incoming = new Request(`http://localhost:8008${target}`, {
      method: 'PUT',
      headers: { authorization },
      body: send,
    });
    JSON.stringify(await incoming.json());
    const outgoing = new Response(sent, { status: 200, headers: { 'content-type': 'application/json' } });
    JSON.stringify(await outgoing.json());
  });
});
