import { Code, decodeMessage, encodeMessage, formatMessage, Type, uriToOptions } from '@lb-matrix/coap-codec';

const { host, port, options } = uriToOptions('coap://example.com/sensors/temperature?unit=c');

const datagram = encodeMessage({
  type: Type.CON,
  code: Code.GET,
  messageId: 0x7d34,
  token: Uint8Array.of(0x20),
  options,
  payload: new Uint8Array(),
});
console.log(`${datagram.length} bytes to ${host}:${port}`);

const decoded = decodeMessage(datagram);
if (decoded.kind === 'message') console.log(formatMessage(decoded.message));
else console.log(`not CoAP: ${decoded.reason} at byte ${decoded.offset}`);
