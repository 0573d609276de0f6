import type { Cell, Direction } from '../cell.ts';
import type { CoapPeer } from './peer.ts';

/** Says of a test which case of the ETSI descriptions it shows with which peer. */
export function coapCell(
  { name }: CoapPeer,
  { id, title }: { readonly id: string; readonly title: string },
  direction: Direction,
): { meta: { cell: Cell } } {
  const table = 'CoAP, by the ETSI test descriptions';
  return { meta: { cell: { table, peer: name, feature: `TD_COAP_${id} ${title}`, direction } } };
}
