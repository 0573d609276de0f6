import type { MessagePart } from '@lb-matrix/blockwise';
import type { MessageLayer } from '../message-layer.ts';

const nobody = (): void => {};

/** Sends a NON of which nothing more will be heard: the next one of its kind makes up for it when it is lost. */
export function transmitNon(layer: MessageLayer, part: MessagePart, token: Uint8Array, now: number): void {
  const { code, options, payload } = part;
  const fate = { confirmable: false, counted: false, acknowledged: nobody, rejected: nobody, undeliverable: nobody };
  layer.submit({ code, token, options, payload, ...fate }, now);
}
