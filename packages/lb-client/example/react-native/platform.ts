import { ALERT, DtlsClient } from '@lb-matrix/dtls-transport';
import { nobleCrypto } from '@lb-matrix/dtls-transport/noble';
import { verifyPeer } from '@lb-matrix/dtls-transport/x509';
import type { ClientPipe, ClientPlatform, ClientStorage, ConnectTarget } from '@lb-matrix/lb-client';

/** What is used of react-native-udp's socket. That of node:dgram fits as well. */
interface UdpSocket {
  bind(port: number, onListening: () => void): unknown;
  on(event: 'message', listener: (datagram: Uint8Array) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  send(
    bytes: Uint8Array,
    offset: number,
    length: number,
    port: number,
    host: string,
    onSent: (error?: Error | null) => void,
  ): void;
  close(): unknown;
}

export interface MobilePlatformOptions {
  /** `() => dgram.createSocket({ type: 'udp4' })` of react-native-udp. */
  readonly createSocket: () => UdpSocket;
  /** `(length) => crypto.getRandomValues(new Uint8Array(length))` with react-native-get-random-values. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** The certificates (DER) that the app trusts: a phone does not show an app those of the system. */
  readonly roots: readonly Uint8Array[];
  /** AsyncStorage, for instance. */
  readonly storage?: ClientStorage;
}

/** Sockets, time and randomness of a phone for `createLowBandwidthFetch`. */
export function mobilePlatform(options: MobilePlatformOptions): ClientPlatform {
  return {
    now: () => performance.now(),
    wallTime: () => Date.now(),
    setTimer(ms, fn) {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
    randomBytes: options.randomBytes,
    connect: (target) => connectDtls(target, options),
    storage: options.storage,
  };
}

/** A DTLS engine on a UDP socket, as a pipe. Resolves when the handshake is done. */
function connectDtls({ host, port, signal }: ConnectTarget, options: MobilePlatformOptions): Promise<ClientPipe> {
  const { createSocket, randomBytes, roots } = options;
  const socket = createSocket();
  const now = () => performance.now();
  const engine = new DtlsClient({ crypto: nobleCrypto, randomBytes, path: 'server', serverName: host }, now());
  const traffic = { datagramsSent: 0, bytesSent: 0, datagramsReceived: 0, bytesReceived: 0 };
  const out = new Uint8Array(1232);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isConnected = false;

  return new Promise((resolve, reject) => {
    const pipe: ClientPipe = {
      get maxPayload() {
        return engine.maxPayload;
      },
      peer: { address: host, port, validated: true },
      get roundTrip() {
        return engine.roundTrip;
      },
      stats: () => ({ ...traffic }),
      send(datagram) {
        engine.send(Uint8Array.from(datagram)); // the engine keeps it for a moment, its owner does not
        step();
      },
      close() {
        engine.close();
        step();
      },
    };

    /** After every call of the engine: what it has to tell, what it has to send, when it wants to be called. */
    function step(): void {
      for (let event = engine.pollEvent(); event !== undefined; event = engine.pollEvent()) {
        if (event.type === 'peerCertificate') judge(event.chain);
        else if (event.type === 'data') pipe.onDatagram?.(event.data, now());
        else if (event.type === 'hint') pipe.onHint?.('alert');
        else if (event.type === 'connected') {
          isConnected = true;
          resolve(pipe);
        } else if (event.type === 'closed') {
          flush();
          end(event.error);
          return;
        }
      }
      flush();
      clearTimeout(timer);
      const deadline = engine.pollTimeout();
      if (deadline === undefined) return;
      timer = setTimeout(
        () => {
          engine.handleTimeout(now());
          step();
        },
        Math.max(0, deadline - now()),
      );
    }

    function judge(chain: readonly Uint8Array[]): void {
      try {
        const purpose = 'serverAuth';
        const { spki } = verifyPeer(chain, { roots, serverName: host, purpose, at: Date.now(), crypto: nobleCrypto });
        engine.acceptPeer(spki, now());
      } catch (error) {
        engine.rejectPeer(ALERT.bad_certificate, now());
        reject(error);
      }
    }

    function flush(): void {
      for (let sent = engine.pollTransmit(out); sent !== undefined; sent = engine.pollTransmit(out)) {
        traffic.datagramsSent++;
        traffic.bytesSent += sent.length;
        // Sent later than this call returns, so the bytes must not change.
        socket.send(out.slice(0, sent.length), 0, sent.length, port, host, (error) => {
          if (error) pipe.onHint?.('unreachable');
        });
      }
    }

    function end(error: Error | undefined): void {
      clearTimeout(timer);
      socket.close();
      reject(error ?? new Error('The server closed the connection'));
      pipe.onClose?.(error);
    }

    signal.addEventListener('abort', () => {
      if (isConnected) return;
      reject(signal.reason);
      pipe.close();
    });
    socket.on('message', (datagram) => {
      traffic.datagramsReceived++;
      traffic.bytesReceived += datagram.length;
      engine.receive(Uint8Array.from(datagram), 'server', now());
      step();
    });
    socket.on('error', (error) => {
      if (isConnected) pipe.onHint?.('unreachable');
      else reject(error);
    });
    socket.bind(0, step);
  });
}
