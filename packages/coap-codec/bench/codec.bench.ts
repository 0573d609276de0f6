import coapPacket from 'coap-packet';
import { bench, describe } from 'vitest';
import { Code, decodeMessage, encodeMessage, OptionNumber, stringOption, Type, uintOption } from '../src/index.ts';

// The send of a text message as MSC3079 writes it, 100 bytes: PUT /9/{roomId}/{eventType}/{txnId} with CBOR.
const message = {
  type: Type.CON,
  code: Code.PUT,
  messageId: 0x1234,
  token: Uint8Array.of(0x2a),
  options: [
    stringOption(OptionNumber.UriPath, '9'),
    stringOption(OptionNumber.UriPath, '!7mqP7DYBUOmwAweF:localhost'),
    stringOption(OptionNumber.UriPath, 'm.room.message'),
    stringOption(OptionNumber.UriPath, 'm1700000000.0'),
    uintOption(OptionNumber.ContentFormat, 60),
  ],
  payload: new Uint8Array(30).fill(0x61),
};
const datagram = encodeMessage(message);
if (datagram.length !== 100) throw new Error(`the message has ${datagram.length} bytes, not 100`);

// coap-packet's own shapes, built once: what is timed is the codec alone.
const buffer = Buffer.from(datagram);
const packet = {
  code: '0.03',
  confirmable: true,
  messageId: message.messageId,
  token: Buffer.from(message.token),
  options: message.options.map(({ number, value }) => ({
    name: number === OptionNumber.UriPath ? ('Uri-Path' as const) : ('Content-Format' as const),
    value: Buffer.from(value),
  })),
  payload: Buffer.from(message.payload),
};
if (!coapPacket.generate(packet).equals(buffer)) throw new Error('the two codecs do not write the same bytes');

describe('decode a 100-byte message', () => {
  bench('coap-codec', () => void decodeMessage(datagram));
  bench('coap-packet', () => void coapPacket.parse(buffer));
});

describe('encode a 100-byte message', () => {
  bench('coap-codec', () => void encodeMessage(message));
  bench('coap-packet', () => void coapPacket.generate(packet));
});
