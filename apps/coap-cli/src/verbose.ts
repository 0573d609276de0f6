import type { CoapResponse } from '@lb-matrix/coap-endpoint';
import { responseHeaders, statusLine } from './answer.ts';
import type { Command } from './command.ts';
import type { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import type { HeaderField } from './header-field.ts';
import type { Location } from './location.ts';
import type { Traffic } from './wire.ts';

/** Tells a line on stderr with `-v`, and nothing without. */
export type Say = (line: string) => void;

export function sayConnection(say: Say, { wire }: Connection): void {
  say(`* connected to ${wire.pipe.peer.address}, ${wire.protocol}`);
  if (wire.handshake !== undefined) say(`* handshake: ${crossed(wire.handshake)}`);
}

export function sayRequest(say: Say, { method }: Command, { target }: Location, { headers, dropped }: Exchange): void {
  for (const name of dropped) say(`* -H ${name}: is not carried over CoAP`);
  say(`> ${method} ${target}`);
  sayHeaders(say, '>', headers);
}

export function sayResponse(say: Say, { code, options }: CoapResponse, { registry }: Exchange): void {
  say(`< ${statusLine(code)}`);
  sayHeaders(say, '<', responseHeaders(options, registry));
}

export function sayTraffic(say: Say, { client, wire }: Connection): void {
  const coap = client.stats();
  const below = wire.traffic?.();
  const { roundTrips } = below ?? coap;
  const retransmissions = coap.retransmissions + (below?.retransmissions ?? 0);
  say(`* ${crossed(below ?? coap)}`);
  say(`* round trips: ${roundTrips}; retransmissions: ${retransmissions}`);
}

type Counted = Pick<Traffic, 'datagramsSent' | 'bytesSent' | 'datagramsReceived' | 'bytesReceived'>;

function crossed({ datagramsSent, bytesSent, datagramsReceived, bytesReceived }: Counted): string {
  return `datagrams: ${datagramsSent} up, ${datagramsReceived} down; bytes: ${bytesSent} up, ${bytesReceived} down`;
}

function sayHeaders(say: Say, mark: string, headers: readonly HeaderField[]): void {
  for (const [name, value] of headers) say(`${mark} ${name}: ${value}`);
  say(mark);
}
