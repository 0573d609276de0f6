import {
  blockOption,
  isMissingBlocks,
  MAX_SZX,
  type MessagePart,
  nonTiming,
  promptTiming,
  QBlock1Sender,
  type Room,
  readUploadReport,
} from '@lb-matrix/blockwise';
import {
  type CoapMessage,
  Code,
  checkOptions,
  OptionNumber,
  type OptionRegistry,
  opaqueOption,
  uintOption,
} from '@lb-matrix/coap-codec';
import type { Agreed } from '../agreement.ts';
import type { Deadlines } from '../deadlines.ts';
import { type Exchanges, tokenNumber } from '../exchanges.ts';
import type { MessageLayer, Timer } from '../message-layer.ts';
import type { Bulk } from './bulk.ts';
import type { BulkBody } from './bulk-body.ts';
import { Download, type DownloadOwner } from './download.ts';

/** 64 MiB. */
const DEFAULT_MAX_BODY_BYTES = 67_108_864;

/** A request body that goes in Q-Blocks: its first message, and what begins with the rest once that is on its way. */
export interface BegunUpload {
  readonly first: MessagePart;
  /** What names it in requests for blocks of the response: with the Request-Tag, and without the body (RFC 9177 figure 15). */
  readonly request: MessagePart;
  /** `heard`: the server says how much it has, in bytes. */
  proceed(token: Uint8Array, heard: (bytes: number, now: number) => void, now: number): BulkBody;
}

interface Upload {
  readonly body: BulkBody;
  /** Nothing more of it is to be sent. */
  over: boolean;
  readonly heard: (now: number) => void;
}

/** What a client does with one peer in the blocks of RFC 9177. */
export class ClientBlocks {
  readonly #layer: MessageLayer;
  readonly #timers: Deadlines<Timer>;
  readonly #exchanges: Exchanges;
  readonly #registry: OptionRegistry;
  readonly #agreed: Agreed;
  readonly #roundTrip: () => number | undefined;
  readonly #bulk: Bulk;
  readonly #maxBodyBytes: number;
  /** Request bodies by token, from their first block until the request is answered. */
  readonly #uploads: Map<number, Upload> = new Map();
  readonly #downloads: Map<number, Download> = new Map();
  /** Strangers are asked with them, until one does not know them. */
  #asks: boolean;
  #tags = 0;

  constructor(parts: {
    layer: MessageLayer;
    timers: Deadlines<Timer>;
    exchanges: Exchanges;
    registry: OptionRegistry;
    agreed: Agreed;
    strangers: boolean;
    roundTrip: () => number | undefined;
    bulk: Bulk;
    maxBodyBytes: number | undefined;
  }) {
    this.#layer = parts.layer;
    this.#timers = parts.timers;
    this.#exchanges = parts.exchanges;
    this.#registry = parts.registry;
    this.#agreed = parts.agreed;
    this.#asks = parts.strangers;
    this.#roundTrip = parts.roundTrip;
    this.#bulk = parts.bulk;
    this.#maxBodyBytes = parts.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  }

  /** The server knows them, or is asked whether it does. */
  get known(): boolean {
    return this.#agreed.qBlock || this.#asks;
  }

  /** The server does not know them (RFC 9177 section 4.1): it is not asked again. */
  refused(): void {
    this.#asks = false;
  }

  /** A request that says that its response may come in Q-Blocks (section 4.1): who agreed on them need not be told. */
  announced(part: MessagePart): MessagePart {
    if (!this.#asks || this.#agreed.qBlock) return part;
    // Section 4.4: NUM 0 with M asks for the whole body.
    const option = blockOption(OptionNumber.QBlock2, { num: 0, more: true, szx: MAX_SZX });
    return { ...part, options: [...part.options, option] };
  }

  /** Divides a request. Throws `BlockwiseError` (`refused`) when that cannot be. */
  upload(request: MessagePart, room: Room): BegunUpload {
    const tag = uintOption(OptionNumber.RequestTag, ++this.#tags).value;
    const source = new QBlock1Sender(request, tag, room);
    return {
      first: source.block(0),
      request: { ...request, options: [...request.options, opaqueOption(OptionNumber.RequestTag, tag)] },
      proceed: (token, heard, now) => {
        const prompt = this.#agreed.qBlock;
        const ended = () => {
          upload.over = true;
        };
        const body = this.#bulk.add({ source, option: OptionNumber.QBlock1, token, prompt, ended }, now);
        const size = request.payload.length;
        const sent = () => Math.min(size, body.delivered * (16 << source.szx));
        const upload: Upload = { body, over: false, heard: (at) => heard(sent(), at) };
        this.#uploads.set(tokenNumber(token), upload);
        return body;
      },
    };
  }

  endUpload(body: BulkBody): void {
    this.#uploads.delete(tokenNumber(body.token));
    this.#bulk.remove(body);
  }

  /** Takes what the server says of the body of a request that waits for its answer; false when it is of none. */
  reported(message: CoapMessage, now: number): boolean {
    if (message.code !== Code.Continue && !isMissingBlocks(message)) return false;
    const upload = this.#uploads.get(tokenNumber(message.token));
    if (upload === undefined) return false;
    const report = readUploadReport(message);
    // Section 5: what is not in order is dropped. So is what comes late: it is no answer either.
    if (report === undefined || upload.over) return true;
    this.#bulk.take(upload.body, report, now);
    upload.heard(now);
    return true;
  }

  /** Receives a response body whose first message, or another one, is there. `request`: without its body. */
  download(token: Uint8Array, request: MessagePart, owner: DownloadOwner): Download {
    return new Download({
      layer: this.#layer,
      timers: this.#timers,
      token,
      request: withoutETag(request),
      maxBodyBytes: this.#maxBodyBytes,
      // A stranger sends them only to who asks for them.
      timing: this.#asks && !this.#agreed.qBlock ? nonTiming() : promptTiming(this.#roundTrip()),
      owner,
    });
  }

  /** From now on responses with the token of the download are for it. */
  expect(download: Download): void {
    this.#exchanges.reserve(download.token);
    this.#downloads.set(tokenNumber(download.token), download);
  }

  endDownload(download: Download, now: number): void {
    download.end();
    this.#downloads.delete(tokenNumber(download.token));
    this.#exchanges.rest(download.token, now);
  }

  /** Takes a block of a response of which others were here before; false when it is of none. */
  take({ code, token, options, payload }: CoapMessage, now: number): boolean {
    const download = this.#downloads.get(tokenNumber(token));
    if (download === undefined) return false;
    // A late report of the request's body.
    if (code === Code.Continue || isMissingBlocks({ code, options, payload })) return true;
    const { usable, bad } = checkOptions(options, this.#registry);
    // RFC 7252 section 5.4.1: a NON that cannot be understood is rejected, and that is: dropped.
    if (bad === undefined) download.take({ code, options: usable, payload }, now);
    return true;
  }
}

/** Section 4.4: with an ETag the server might answer that nothing has changed. */
function withoutETag({ code, options, payload }: MessagePart): MessagePart {
  const { ETag, QBlock2, Observe } = OptionNumber;
  return {
    code,
    options: options.filter(({ number }) => number !== ETag && number !== QBlock2 && number !== Observe),
    payload,
  };
}
