import { aiocoap } from './aiocoap.ts';
import { californium } from './californium.ts';
import { goCoap } from './go-coap.ts';
import { libcoap } from './libcoap.ts';
import { nodeCoap } from './node-coap.ts';
import type { CoapPeer } from './peer.ts';

/** All peers that speak plain CoAP. */
export const COAP_PEERS: readonly CoapPeer[] = [libcoap, aiocoap, californium, goCoap, nodeCoap];
