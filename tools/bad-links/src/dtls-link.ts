import { generateKeyPairSync } from 'node:crypto';
import type { DatagramPipe, PipeListener } from '@lb-matrix/coap-endpoint';
import {
  ALERT,
  DtlsClient,
  type DtlsClientEvent,
  DtlsListener,
  type DtlsListenerEvent,
  publicKeyPin,
} from '@lb-matrix/dtls-transport';
import { nodeCrypto } from '@lb-matrix/dtls-transport/node';
import type { ClientPipe, ConnectTarget } from '@lb-matrix/lb-client';
import { Link, seededBytes, VirtualTime } from '@lb-matrix/virtual-network';
import type { LinkShape } from './links.ts';

const rawKey = nodeCrypto.importSigningKey(
  new Uint8Array(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' })),
);
/** The pin of every server's raw public key. */
export const RAW_KEY_PIN: string = publicKeyPin(rawKey.spki, nodeCrypto);
const SPKI = String(rawKey.spki);
/** What clients know the server's address by. */
const SERVER = 'server';

/** The contract of both engines with what drives them. */
interface Engine<E> {
  receive(datagram: Uint8Array, path: string, now: number): void;
  handleTimeout(now: number): void;
  pollTimeout(): number | undefined;
  pollTransmit(out: Uint8Array): { readonly length: number; readonly path: string } | undefined;
  pollEvent(): E | undefined;
}

/** A DTLS 1.3 listener with a raw key at one end of a link, and a client that may connect at the other. */
export interface DtlsLink {
  readonly time: VirtualTime;
  readonly link: Link;
  readonly listener: PipeListener;
  /** Handshakes. Data that is sent as soon as this has resolved leaves with what ends the handshake. */
  connect(target: Pick<ConnectTarget, 'roundTrip'>): Promise<ClientPipe>;
}

/** As lb-client's own platform for Node chooses it: in milliseconds. */
const repetition = (roundTrip: number | undefined) =>
  roundTrip === undefined ? {} : { retransmissionTimeout: Math.round(Math.max(250, 2 * roundTrip)) };

export function openDtlsLink(shape: LinkShape, seed: number): DtlsLink {
  const time = new VirtualTime(seed);
  const link = new Link(time, { ...shape, seed });
  const engine = new DtlsListener({
    crypto: nodeCrypto,
    randomBytes: seededBytes(2 * seed),
    versions: ['1.3'],
    rawKey,
    connectionId: { length: 4 },
  });
  const listener: PipeListener = { onPipe: undefined, close: () => engine.close() };
  const pipes = new Map<number, DatagramPipe>();
  const clients: ((datagram: Uint8Array) => void)[] = [];
  const toClient = (datagram: Uint8Array, path: string) => {
    link.send('down', datagram.length, () => clients[Number(path)]!(datagram));
  };
  const step = driver(time, engine, toClient, onEvent);

  function onEvent(event: DtlsListenerEvent): boolean {
    if (event.type === 'connected') {
      const { peer } = event;
      const pipe: DatagramPipe = {
        peer: { address: '192.0.2.7', port: 40_000, validated: true },
        get maxPayload() {
          return engine.maxPayloadOf(peer);
        },
        get roundTrip() {
          return engine.roundTripOf(peer);
        },
        send: (datagram) => {
          engine.send(peer, datagram.slice());
          step();
        },
        close: () => {
          engine.closePeer(peer);
          step();
        },
      };
      pipes.set(peer, pipe);
      listener.onPipe?.(pipe);
    } else if (event.type === 'data') pipes.get(event.peer)?.onDatagram?.(event.data, time.now());
    else if (event.type === 'closed') pipes.get(event.peer)?.onClose?.(event.error);
    return false;
  }

  const connect: DtlsLink['connect'] = ({ roundTrip }) => {
    const own = clients.length;
    const toServer = (datagram: Uint8Array) => {
      link.send('up', datagram.length, () => {
        engine.receive(datagram, String(own), time.now());
        step();
      });
    };
    const client = new DtlsClient(
      {
        crypto: nodeCrypto,
        randomBytes: seededBytes(2 * seed + 1),
        path: SERVER,
        versions: ['1.3'],
        certificateTypes: ['raw-public-key'],
        connectionId: { length: 0 },
        ...repetition(roundTrip),
      },
      time.now(),
    );
    const traffic = { datagramsSent: 0, bytesSent: 0, datagramsReceived: 0, bytesReceived: 0 };
    return new Promise((resolve, reject) => {
      const stepClient = driver(time, client, toServer, onClientEvent);
      const pipe: ClientPipe = {
        peer: { address: '192.0.2.1', port: 8448, validated: true },
        get maxPayload() {
          return client.maxPayload;
        },
        get roundTrip() {
          return client.roundTrip;
        },
        stats: () => traffic,
        send: (datagram) => {
          client.send(datagram.slice());
          stepClient();
        },
        close: () => {
          client.close();
          stepClient();
        },
      };
      function onClientEvent(event: DtlsClientEvent): boolean {
        if (event.type === 'peerRawKey') {
          if (String(event.spki) === SPKI) client.acceptPeer(event.spki, time.now());
          else client.rejectPeer(ALERT.bad_certificate, time.now());
        } else if (event.type === 'connected') {
          resolve(pipe);
          time.setTimer(0, stepClient);
          return true;
        } else if (event.type === 'data') pipe.onDatagram?.(event.data, time.now());
        else if (event.type === 'hint') pipe.onHint?.('alert');
        else if (event.type === 'closed') {
          reject(event.error);
          pipe.onClose?.(event.error);
        }
        return false;
      }
      clients[own] = (datagram) => {
        client.receive(datagram, SERVER, time.now());
        stepClient();
      };
      stepClient();
    });
  };
  return { time, link, listener, connect };
}

/**
 * What follows from a call of an engine: its events, its datagrams, its next deadline. After an event for which `onEvent` says true
 * nothing leaves before it is called again.
 */
function driver<E>(
  time: VirtualTime,
  engine: Engine<E>,
  deliver: (datagram: Uint8Array, path: string) => void,
  onEvent: (event: E) => boolean,
): () => void {
  const out = new Uint8Array(2048);
  let cancel: () => void = () => {};
  const step = (): void => {
    let isHeld = false;
    for (let event = engine.pollEvent(); event !== undefined; event = engine.pollEvent()) {
      if (onEvent(event) === true) isHeld = true;
    }
    if (isHeld) return;
    for (let sent = engine.pollTransmit(out); sent !== undefined; sent = engine.pollTransmit(out)) {
      deliver(out.slice(0, sent.length), sent.path);
    }
    cancel();
    const deadline = engine.pollTimeout();
    if (deadline === undefined) return;
    cancel = time.setTimer(deadline - time.now(), () => {
      engine.handleTimeout(time.now());
      step();
    });
  };
  return step;
}
