import {
  type CoapMessage,
  type CoapOption,
  Code,
  codeToString,
  decodeMessage,
  encodeMessage,
  OptionNumber,
  opaqueOption,
  stringOption,
  Type,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import type { DatagramPipe, PipeListener } from '@lb-matrix/coap-endpoint';
import { decodeToJson } from '@lb-matrix/lb-cbor-keys';
import { PrivateOption } from '@lb-matrix/msc3079-mapper';
import type { VirtualTime } from '@lb-matrix/virtual-network';

const EMPTY = new Uint8Array(0);

/** A client that sends what the test says and nothing else. */
export interface RawClient {
  /** What has arrived since this was called last. */
  received(): CoapMessage[];
  send(message: Partial<CoapMessage>): void;
  ack(message: Pick<CoapMessage, 'messageId'>): void;
  /** A registration with `/sync` for the access token `secret`. */
  register(query: readonly string[], registration?: Registration): void;
  /** Nothing gets through any more, either way. */
  reachable: boolean;
  readonly closed: boolean;
  /** The session ends, by close_notify or by its time-out. */
  end(): void;
}

interface Registration {
  /** CoAP token, one byte. */
  readonly token?: number;
  readonly options?: readonly CoapOption[];
  readonly observe?: number;
  readonly path?: string;
  readonly code?: number;
  readonly payload?: Uint8Array;
  /** `undefined` leaves the access token out. */
  readonly secret?: string | undefined;
  readonly messageId?: number;
}

const PEER = { address: '192.0.2.7', port: 40_000, validated: true };

export function rawClient(platform: VirtualTime, listener: PipeListener, peer: DatagramPipe['peer'] = PEER): RawClient {
  let arrived: CoapMessage[] = [];
  let nextId = 1;
  const far: DatagramPipe = {
    maxPayload: 1200,
    peer,
    onDatagram: undefined,
    onClose: undefined,
    send(datagram) {
      const decoded = decodeMessage(Uint8Array.from(datagram));
      if (decoded.kind !== 'message') throw new Error(decoded.reason);
      if (client.reachable) arrived.push(decoded.message);
    },
    close() {
      (client as { closed: boolean }).closed = true;
    },
  };
  listener.onPipe?.(far);
  const client: RawClient = {
    reachable: true,
    closed: false,
    received() {
      const messages = arrived;
      arrived = [];
      return messages;
    },
    send(message) {
      const whole = {
        type: Type.CON,
        code: Code.GET,
        messageId: nextId++,
        token: EMPTY,
        options: [],
        payload: EMPTY,
        ...message,
      };
      if (client.reachable) far.onDatagram?.(encodeMessage(whole), platform.now());
    },
    end: () => far.onClose?.(undefined),
    ack({ messageId }) {
      client.send({ type: Type.ACK, code: Code.Empty, messageId });
    },
    register(query, registration = {}) {
      const { token = 1, options = [], observe = 0, path = '7', code = Code.GET, payload = EMPTY } = registration;
      const secret = 'secret' in registration ? registration.secret : 'alice';
      const all = [
        uintOption(OptionNumber.Observe, observe),
        ...path.split('/').map((segment) => stringOption(OptionNumber.UriPath, segment)),
        ...query.map((argument) => stringOption(OptionNumber.UriQuery, argument)),
        ...(secret === undefined ? [] : [opaqueOption(OptionNumber.Authorization, new TextEncoder().encode(secret))]),
        ...options,
      ];
      all.sort((a, b) => a.number - b.number);
      const { messageId = nextId++ } = registration;
      client.send({ code, messageId, token: Uint8Array.of(token), options: all, payload });
    },
  };
  return client;
}

/** Option 65002 with bit 16. */
export const ANNOUNCE: CoapOption = uintOption(PrivateOption.Features, 16);

/** `ACK 2.05`, `CON 2.05`, ... */
export function kind({ type, code }: CoapMessage): string {
  return `${['CON', 'NON', 'ACK', 'RST'][type]} ${codeToString(code)}`;
}

export function observeOf({ options }: CoapMessage): number | undefined {
  return uintValue(options, OptionNumber.Observe);
}

/** The body in JSON. */
export function bodyOf({ payload }: CoapMessage): unknown {
  return JSON.parse(new TextDecoder().decode(decodeToJson(payload)));
}
