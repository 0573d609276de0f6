import { connectUdp } from '@lb-matrix/coap-endpoint/node';
import type { OpenWire } from './wire.ts';

/** Plain UDP to one address. Nothing is sent yet. */
export const openWire: OpenWire = async (address, { port }, { mtu }) => {
  return { pipe: await connectUdp({ host: address, port, mtu }), protocol: 'plain UDP' };
};
