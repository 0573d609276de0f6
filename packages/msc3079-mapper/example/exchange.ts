import { codeToString, formatMessage, Type } from '@lb-matrix/coap-codec';
import {
  createClientSession,
  createServerSession,
  errorToCoap,
  MappingError,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
} from '@lb-matrix/msc3079-mapper';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (body: Uint8Array | undefined) => new TextDecoder().decode(body);

// One session object on each side of a connection.
const client = createClientSession();
const server = createServerSession();

// The client: an HTTP request becomes a CoAP request.
const request = requestToCoap(
  {
    method: 'PUT',
    target: '/_matrix/client/v3/rooms/!room%3Aexample.org/send/m.room.message/txn1',
    headers: [['authorization', 'Bearer syt_example']],
    body: bytes('{"msgtype":"m.text","body":"Hello World"}'),
  },
  client,
);
console.log(formatMessage({ type: Type.CON, messageId: 1, token: Uint8Array.of(1), ...request }));

// The server: the CoAP request becomes the HTTP request for the homeserver, and its answer a CoAP response.
const http = requestToHttp(request, server);
console.log(http.method, http.target, text(http.body));
const response = responseToCoap(
  { status: 200, headers: [['content-type', 'application/json']], body: bytes('{"event_id":"$event"}') },
  http.answer,
  server,
);
console.log(codeToString(response.code), `${response.payload.length} bytes of CBOR`);

// The client again: the CoAP response becomes the HTTP response.
const { status, body } = responseToHttp(response, request, client);
console.log(status, text(body));

// What is refused throws a MappingError that makes a Matrix error for the client.
const admin = requestToCoap(
  { method: 'GET', target: '/_synapse/admin/v1/rooms', headers: [['authorization', 'Bearer syt_example']] },
  client,
);
try {
  requestToHttp(admin, server);
} catch (error) {
  if (!(error instanceof MappingError)) throw error;
  const refusal = responseToHttp(errorToCoap(error, admin, server), admin, client);
  console.log(refusal.status, text(refusal.body));
}
