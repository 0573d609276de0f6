import type { DatagramPipe, PipeListener, Platform } from '@lb-matrix/coap-endpoint';
import {
  ALERT,
  createSelfSignedCertificate,
  DtlsClient,
  type DtlsClientOptions,
  DtlsListener,
  type DtlsListenerOptions,
} from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';

/** What arrives in place of a datagram. */
export type OnTheWay = (datagram: Uint8Array, from: 'client' | 'server') => readonly Uint8Array[];

/** The contract of both engines with what drives them. */
interface Engine {
  handleTimeout(now: number): void;
  pollTimeout(): number | undefined;
  pollTransmit(out: Uint8Array): { readonly length: number; readonly path: string } | undefined;
}

const { key } = generateSigningKey();
const identity = {
  chain: [
    createSelfSignedCertificate({
      key,
      crypto: nodeCrypto,
      commonName: 'test',
      dnsNames: ['localhost'],
      notBefore: 0,
      notAfter: Date.UTC(2049, 0),
      serialNumber: Uint8Array.of(1),
    }),
  ],
  key,
};

/** What the engines are told beside what they need. */
interface Extras {
  readonly client?: Partial<DtlsClientOptions>;
  readonly listener?: Partial<DtlsListenerOptions>;
}

/** A client and a listener of DTLS in virtual time, 20 ms apart, and the pipes that they make. */
export function dtlsLink(platform: Platform, onTheWay: OnTheWay, extras: Extras = {}) {
  const { randomBytes } = platform;
  const common = { crypto: nodeCrypto, randomBytes };
  const engine = new DtlsListener({ ...common, identity, ...extras.listener });
  const client = new DtlsClient(
    { ...common, path: 'server', serverName: 'localhost', ...extras.client },
    platform.now(),
  );
  /** Where the client is: nothing arrives where it was. */
  let address = 'client';
  const listener: PipeListener = { onPipe: undefined, close: () => engine.close() };
  const serverPipes = new Map<number, DatagramPipe>();
  const near: DatagramPipe = {
    peer: { address: '192.0.2.1', port: 8448, validated: true },
    get maxPayload() {
      return client.maxPayload;
    },
    onDatagram: undefined,
    onClose: undefined,
    send: (datagram) => {
      client.send(datagram.slice());
      stepClient();
    },
    close: () => client.close(),
  };
  let connected: () => void = () => {};
  let failed: (reason: unknown) => void = () => {};
  const whenConnected = new Promise<void>((resolve, reject) => {
    connected = resolve;
    failed = reject;
  });
  const flushClient = sender(client, (datagram) => carry(datagram, 'client', address));
  const flushServer = sender(engine, (datagram, path) => carry(datagram, 'server', path));
  const wakeClient = alarm(platform, client, () => stepClient());
  const wakeServer = alarm(platform, engine, () => stepServer());

  function carry(datagram: Uint8Array, from: 'client' | 'server', path: string): void {
    for (const arriving of onTheWay(datagram, from)) {
      platform.setTimer(20, () => {
        if (from === 'client') {
          engine.receive(arriving, path, platform.now());
          stepServer();
        } else if (path === address) {
          client.receive(arriving, 'server', platform.now());
          stepClient();
        }
      });
    }
  }

  function stepClient(): void {
    for (let event = client.pollEvent(); event !== undefined; event = client.pollEvent()) {
      if (event.type === 'peerCertificate') judge(event.chain);
      else if (event.type === 'connected') connected();
      else if (event.type === 'data') near.onDatagram?.(event.data, platform.now());
      else if (event.type === 'closed') {
        failed(event.error);
        near.onClose?.(event.error);
      }
    }
    flushClient();
    wakeClient();
  }

  /** Whoever verifies a certificate sees when a byte of it has changed. */
  function judge(chain: readonly Uint8Array[]): void {
    if (chain.join() === identity.chain.join()) client.acceptPeer(key.spki, platform.now());
    else client.rejectPeer(ALERT.bad_certificate, platform.now());
  }

  function stepServer(): void {
    for (let event = engine.pollEvent(); event !== undefined; event = engine.pollEvent()) {
      if (event.type === 'connected') accept(event.peer);
      else if (event.type === 'data') serverPipes.get(event.peer)?.onDatagram?.(event.data, platform.now());
      else if (event.type === 'closed') serverPipes.get(event.peer)?.onClose?.(event.error);
    }
    flushServer();
    wakeServer();
  }

  function accept(peer: number): void {
    const pipe: DatagramPipe = {
      peer: { address: '192.0.2.7', port: 40_000, validated: true },
      maxPayload: engine.maxPayloadOf(peer),
      onDatagram: undefined,
      onClose: undefined,
      send: (datagram) => {
        engine.send(peer, datagram.slice());
        stepServer();
      },
      close: () => engine.closePeer(peer),
    };
    serverPipes.set(peer, pipe);
    listener.onPipe?.(pipe);
  }

  stepClient();
  const move = (to: string) => {
    address = to;
  };
  return { near, listener, engine, client, whenConnected, move };
}

function sender(engine: Engine, send: (datagram: Uint8Array, path: string) => void): () => void {
  const out = new Uint8Array(2_048);
  return () => {
    for (let sent = engine.pollTransmit(out); sent !== undefined; sent = engine.pollTransmit(out)) {
      send(out.slice(0, sent.length), sent.path);
    }
  };
}

/** Calls the engine at its next deadline. */
function alarm(platform: Platform, engine: Engine, after: () => void): () => void {
  let cancel: () => void = () => {};
  return () => {
    cancel();
    const deadline = engine.pollTimeout();
    if (deadline === undefined) return;
    cancel = platform.setTimer(Math.max(0, deadline - platform.now()), () => {
      engine.handleTimeout(platform.now());
      after();
    });
  };
}
