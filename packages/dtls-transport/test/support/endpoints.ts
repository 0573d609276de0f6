import { DtlsClient, type DtlsClientEvent, type DtlsClientOptions } from '../../src/client.ts';
import type { DtlsError } from '../../src/errors.ts';
import type { Identity } from '../../src/identity.ts';
import { DtlsListener } from '../../src/listener/listener.ts';
import type { DtlsListenerEvent } from '../../src/listener/listener-event.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { generateSigningKey, nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ALERT } from '../../src/wire/alert.ts';
import { sameBytes } from '../../src/wire/bytes.ts';
import { createSelfSignedCertificate } from '../../src/x509/create-certificate.ts';
import { seededBytes } from './deterministic-provider.ts';
import { sameChain } from './same-chain.ts';
import { VirtualNetwork } from './virtual-network.ts';

export const SERVER = 'server';

/** What tests speak that say nothing else: most of them are about DTLS 1.2, those of 1.3 say so. */
export const VERSIONS = ['1.2'] as const;

/** One identity for all tests that do not count bytes. */
export const identity: Identity = makeIdentity();

function makeIdentity(): Identity {
  const { key } = generateSigningKey();
  const certificate = createSelfSignedCertificate({
    key,
    crypto: nodeCrypto,
    commonName: 'test',
    dnsNames: ['localhost'],
    notBefore: 0,
    notAfter: Date.UTC(2049, 0),
    serialNumber: Uint8Array.of(1),
  });
  return { chain: [certificate], key };
}

/** A client on a virtual network that accepts exactly the identity that it expects, and what has happened to it. */
export class TestClient {
  readonly engine: DtlsClient;
  readonly address: string;
  readonly received: string[] = [];
  readonly events: DtlsClientEvent['type'][] = [];
  connectedAt: number | undefined;
  closed: { readonly error: DtlsError | undefined } | undefined;
  /** Called with the key of a server that shows no certificate. */
  judgeRawKey: ((spki: Uint8Array, now: number) => void) | undefined;
  /** Called with each certificate chain instead of judging it. */
  judge: ((chain: readonly Uint8Array[], now: number) => void) | undefined;
  readonly #expected: Identity;

  constructor(
    network: VirtualNetwork,
    address: string,
    options: Partial<DtlsClientOptions> = {},
    expected: Identity = identity,
  ) {
    this.address = address;
    this.#expected = expected;
    const randomBytes = seededBytes(`${address} at ${network.now}`);
    this.engine = new DtlsClient(
      { crypto: nodeCrypto, randomBytes, path: SERVER, serverName: 'localhost', versions: VERSIONS, ...options },
      network.now,
    );
    network.add(address, this.engine, (now) => this.#pump(now));
  }

  send(text: string): void {
    this.engine.send(new TextEncoder().encode(text));
  }

  #pump(now: number): void {
    for (let event = this.engine.pollEvent(); event !== undefined; event = this.engine.pollEvent()) {
      this.events.push(event.type);
      if (event.type === 'peerCertificate') this.#judge(event.chain, now);
      else if (event.type === 'peerRawKey') this.judgeRawKey?.(event.spki, now);
      else if (event.type === 'connected') this.connectedAt = now;
      else if (event.type === 'data') this.received.push(new TextDecoder().decode(event.data));
      else if (event.type === 'closed') this.closed = { error: event.error };
    }
  }

  #judge(chain: readonly Uint8Array[], now: number): void {
    if (this.judge !== undefined) {
      this.judge(chain, now);
      return;
    }
    const { chain: expected, key } = this.#expected;
    if (sameChain(chain, expected)) this.engine.acceptPeer(key.spki, now);
    else this.engine.rejectPeer(ALERT.bad_certificate, now);
  }
}

/** A listener on a virtual network that echoes everything, and what has happened to it. */
export class TestListener {
  readonly engine: DtlsListener;
  readonly identity: Identity;
  readonly events: DtlsListenerEvent[] = [];
  /** The peer that connected last. */
  peer: number | undefined;
  readonly received: string[] = [];
  /** Answers the listener's questions about a client. Default: it takes whom it expects. */
  answer: (event: DtlsListenerEvent, now: number) => void;
  /** Whom it takes of those that show a certificate or name a key. */
  readonly #clients: Pick<DtlsClientOptions, 'identity' | 'rawKey' | 'psk'>;

  constructor(
    network: VirtualNetwork,
    options: Partial<DtlsListenerOptions> = {},
    clients: Pick<DtlsClientOptions, 'identity' | 'rawKey' | 'psk'> = {},
  ) {
    this.#clients = clients;
    this.answer = (event, now) => this.#answer(event, now);
    const randomBytes = seededBytes(`listener at ${network.now}`);
    this.identity = options.identity ?? identity;
    this.engine = new DtlsListener({ crypto: nodeCrypto, randomBytes, identity, versions: VERSIONS, ...options });
    network.add(SERVER, this.engine, (now) => this.#pump(now));
  }

  /** The events of one type so far. */
  of<T extends DtlsListenerEvent['type']>(type: T): Extract<DtlsListenerEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<DtlsListenerEvent, { type: T }> => event.type === type);
  }

  #answer(event: DtlsListenerEvent, now: number): void {
    const { identity: client, rawKey, psk } = this.#clients;
    if (event.type === 'peerCertificate') {
      if (client !== undefined && sameChain(event.chain, client.chain)) {
        this.engine.acceptPeer(event.peer, client.key.spki, now);
      } else this.engine.rejectPeer(event.peer, ALERT.bad_certificate, now);
    } else if (event.type === 'peerRawKey') {
      const { peer, spki } = event;
      if (rawKey !== undefined && sameBytes(spki, rawKey.spki)) this.engine.acceptPeer(peer, spki, now);
      else this.engine.rejectPeer(peer, ALERT.bad_certificate, now);
    } else if (event.type === 'pskIdentity') {
      if (psk !== undefined && sameBytes(event.identity, psk.identity)) this.engine.acceptPsk(event.peer, psk.key, now);
      else this.engine.rejectPsk(event.peer, now);
    }
  }

  #pump(now: number): void {
    for (let event = this.engine.pollEvent(); event !== undefined; event = this.engine.pollEvent()) {
      this.events.push(event);
      this.answer(event, now);
      if (event.type === 'connected') this.peer = event.peer;
      if (event.type !== 'data') continue;
      this.received.push(new TextDecoder().decode(event.data));
      this.engine.send(event.peer, event.data.slice());
    }
  }
}

/** A network with a listener and, at an address, a client that has an association with it. */
export function associate(
  listenerOptions: Partial<DtlsListenerOptions> = {},
  address = 'client',
): { readonly network: VirtualNetwork; readonly listener: TestListener; readonly client: TestClient } {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network, listenerOptions);
  const client = new TestClient(network, address);
  network.run(900);
  if (client.connectedAt === undefined) throw new Error('no association');
  return { network, listener, client };
}
