import { ClientTransfer, type MessagePart, ServerTransfers } from '@lb-matrix/blockwise';

// Messages are plain objects: take them from, and give them to, whichever CoAP library you use.
const PUT = 0x03;
const CHANGED = 0x44;
const uriPath = { number: 11, value: new TextEncoder().encode('logo') };
const room = { maxMessageBytes: 600, tokenLength: 4 };

// The server: one object for all peers. A peer is any object; here there is one.
const transfers = new ServerTransfers({ maxBodyBytes: 100_000 });
const peer = {};
function serve(message: MessagePart): MessagePart {
  const arrival = transfers.receive(peer, message, room, performance.now());
  if (arrival.kind === 'answer') return arrival.response;
  console.log(`the handler gets ${arrival.request.payload.length} bytes`);
  const response = { code: CHANGED, options: [], payload: arrival.request.payload };
  return transfers.respond(arrival.ticket, response, room, performance.now());
}

// The client: one object for each request.
const transfer = new ClientTransfer({ code: PUT, options: [uriPath], payload: new Uint8Array(1200) });
let request = transfer.start(room);
for (;;) {
  const response = serve(request);
  console.log(`sent ${request.payload.length} bytes, received ${response.payload.length}`);
  const step = transfer.receive(response, room);
  if (step.kind === 'failed') throw step.error;
  if (step.kind === 'done') {
    console.log(`the response has ${step.response.payload.length} bytes`);
    break;
  }
  request = step.request;
}
