import { Code, OptionNumber, uintValue } from '@lb-matrix/coap-codec';
import { type CoapClient, type CoapResponse, connect, type DatagramPipe } from '@lb-matrix/coap-endpoint';
import {
  type ClientSession,
  type ClientSessionOptions,
  createClientSession,
  Feature,
  featuresLost,
  type HttpRequest,
  type HttpResponse,
  keyTableRefused,
  leaveLean,
  type MappedCoapRequest,
  mapperOptionRegistry,
  PrivateOption,
  positionLost,
  type ReadAnswer,
  requestToCoap,
  responseToHttp,
  withoutSticky,
} from '@lb-matrix/msc3079-mapper';
import type { ClientPipe, ClientPlatform } from './client-platform.ts';
import { EarlyEchoes } from './early-echoes.ts';
import { Heartbeat } from './heartbeat.ts';
import { isObject, parseJson } from './json.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { Offer } from './offer.ts';
import { Silence } from './silence.ts';
import { Succession } from './succession.ts';

/** Signs that the server may have lost the session; `silence`: retransmissions and no answer. */
export type Trouble = 'alert' | 'unreachable' | 'silence';

/** How long a link that has been replaced has to say that it is still there, in milliseconds; two round trips where those are long. */
const SIGN_OF_LIFE = 4_000;
/** Requests on their way at once: more than NSTART of RFC 7252 4.7, since apps ask for several things at a time. */
const NSTART = 4;

/** The forms beyond plain MSC3079 that a server is asked for. */
export type Forms = Pick<ClientSessionOptions, 'tables' | 'compression' | 'lean'>;

export interface LinkOptions {
  readonly pipe: ClientPipe;
  readonly platform: ClientPlatform;
  readonly offer: Offer | undefined;
  readonly forms: Forms;
  /** The features that this server has accepted in another session. */
  readonly features: number | undefined;
  /** Milliseconds that a round trip to this server took earlier. */
  readonly roundTrip: number | undefined;
  readonly keepAlive: KeepAlive;
  readonly onFeatures: (accepted: number | undefined) => void;
  /** What a round trip takes, as far as it is known by now. */
  readonly onRoundTrip: (milliseconds: number) => void;
  /** The keep-alive has learnt something. */
  readonly onLearnt: () => void;
  readonly onTrouble: (trouble: Trouble) => void;
  /** The session is over. */
  readonly onEnd: () => void;
}

/** An answer and whether the server goes on to notify, for what is observed. */
interface Answered {
  readonly response: HttpResponse;
  readonly observed: boolean;
  /** It refuses the form of the question, not the question: ask again. */
  readonly again: boolean;
}

/** Ask again: there was an answer, which is of no use here. */
const AGAIN = { again: true } as const;

type Notification = Answered | typeof AGAIN;

/** What is observed on one link. */
export interface Subscription {
  /** The next answer; asking for it says that the one before was consumed. `undefined`: there is no other. */
  next(): Promise<Notification | undefined>;
  /** No more. The server is told. */
  leave(): void;
}

/** One session with the server: requests on it, what is observed on it, and its keep-alives. */
export class Link {
  readonly pipe: ClientPipe;
  readonly since: number;
  /** A newer link takes over. */
  readonly superseded: Succession = new Succession();
  readonly #platform: ClientPlatform;
  readonly #client: CoapClient;
  readonly #heartbeat: Heartbeat;
  readonly #options: LinkOptions;
  #session: ClientSession;
  #lastSent: number;
  #lastReceived: number;
  readonly #silence: Silence;
  readonly #echoes: EarlyEchoes;
  #alive = true;
  #cancelGrace: (() => void) | undefined;
  /** The server does not notify, or does not know FETCH. */
  #pollsOnly = false;
  /** Requests under way. */
  pending = 0;

  constructor(options: LinkOptions) {
    const { pipe, platform, offer, forms, features, roundTrip, keepAlive } = options;
    this.#options = options;
    this.pipe = pipe;
    this.#platform = platform;
    this.since = platform.now();
    this.#lastSent = this.since;
    this.#lastReceived = this.since;
    this.#heartbeat = new Heartbeat(this, platform, keepAlive, options.onLearnt);
    this.#silence = new Silence(platform, () => this.#trouble('silence'));
    this.#echoes = new EarlyEchoes(platform);
    // Whoever said so before can do it now: the very first message need not wait for it to say so again.
    const knownFeatures = (offer?.features ?? 0) | (features ?? 0);
    // Integer keys only where /versions says so.
    this.#session = createClientSession({
      keyTable: offer?.integerKeys ? 1 : 0,
      askKeyTable: offer?.integerKeys ?? false,
      pathEnums: offer?.pathEnums ?? true,
      ...forms,
      transmission: true,
      known: knownFeatures,
    });
    this.#session.features = features;
    pipe.onHint = (hint) => this.#trouble(hint === 'unreachable' ? 'unreachable' : 'alert');
    this.#client = connect(this.#watched(pipe), {
      platform,
      tokenLength: 1,
      optionRegistry: mapperOptionRegistry,
      transmission: { nstart: NSTART },
      roundTrip,
    });
    if ((knownFeatures & Feature.Transmission) !== 0) this.#client.agree({ transmission: true });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** When the server was last heard, in the platform's milliseconds. */
  get lastReceived(): number {
    return this.#lastReceived;
  }

  /** When something was last sent to it, likewise. */
  get lastSent(): number {
    return this.#lastSent;
  }

  /** It is bound to a token, which was not logged out or refused. */
  get carriesToken(): boolean {
    return (this.#session.token ?? '') !== '';
  }

  get observes(): boolean {
    return this.#session.features !== undefined && !this.#pollsOnly;
  }

  /** Rejects with `MappingError`, or with `EndpointError`. */
  async ask(request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    this.pending++;
    try {
      for (;;) {
        const mapped = requestToCoap(request, this.#session);
        const answer = await this.#echoes.during(this.#client.request(mapped, { signal }));
        if (this.#refused(answer, mapped)) continue;
        const response = await this.#read(answer, mapped);
        if (response !== undefined && !this.#tokenForgotten(response, request, mapped)) return response;
      }
    } finally {
      this.pending--;
      if (this.pending === 0 && this.superseded.over) this.close();
    }
  }

  /** Resolves when the server has answered. Rejects with `EndpointError`. */
  ping(): Promise<number> {
    return this.#client.ping();
  }

  /** Throws `MappingError`, or `EndpointError` for what does not fit one message. */
  observe(request: HttpRequest): Subscription {
    const mapped = requestToCoap(request, this.#session, { asFetch: request.method === 'POST', observed: true });
    const states = this.#client.observe(mapped, { acknowledgeConsumed: true, reregister: false });
    const release = this.#heartbeat.watch();
    let asked = mapped;
    let known: ReadAnswer['known'] | undefined;
    return {
      next: async () => {
        try {
          const { value, done } = await states.next();
          if (done) {
            release();
            return undefined;
          }
          const observed = uintValue(value.options, OptionNumber.Observe) !== undefined;
          const formRefused = this.#refused(value, asked);
          const refused = REFUSALS.has(value.code) && !formRefused;
          // This server has to be asked each time.
          if (refused || (!observed && value.code >> 5 === 2)) this.#pollsOnly = true;
          const response = await this.#read(value, asked, known);
          if (response === undefined) return AGAIN;
          asked = withoutSticky(mapped);
          ({ known } = response);
          return { response, observed, again: formRefused || refused };
        } catch (error) {
          release();
          throw error;
        }
      },
      leave: () => {
        release();
        void states.return?.();
      },
    };
  }

  /**
   * Another link has taken over. Ends as soon as nothing is under way, after `grace` milliseconds at the latest, and much sooner
   * when the server does not say that this one is still there: whoever waits is not to miss the time in which the new link works.
   */
  supersede(grace: number): void {
    this.superseded.happen();
    if (this.pending === 0) {
      this.close();
      return;
    }
    const since = this.#platform.now();
    this.ping().catch(() => undefined);
    const patience = Math.min(grace, Math.max(SIGN_OF_LIFE, 2 * (this.#client.roundTrip ?? 0)));
    this.#cancelGrace = this.#platform.setTimer(patience, () => {
      if (this.#lastReceived <= since) this.close();
      else this.#cancelGrace = this.#platform.setTimer(grace - patience, () => this.close());
    });
  }

  /** The server has said what it understands: integer keys are asked for from now on. */
  learn(offer: Offer | undefined): void {
    if (this.#session.keyTable === 1 || !offer?.integerKeys) return;
    this.#session = { ...this.#session, keyTable: 1 };
    this.#session.unsettled.add(OptionNumber.CborKeys);
  }

  close(): void {
    this.#client.close();
    this.#end();
  }

  /**
   * A server that has been told M_UNKNOWN_TOKEN, perhaps with a push that nobody has taken yet, has let go of the token that we left out.
   * The request was not carried out; it goes again, with the token.
   */
  #tokenForgotten({ status, body }: HttpResponse, { headers }: HttpRequest, { options }: MappedCoapRequest): boolean {
    const leftOut =
      headers.some(([name]) => name.toLowerCase() === 'authorization') &&
      !options.some(({ number }) => number === OptionNumber.Authorization);
    if (status !== 401 || !leftOut) return false;
    const error = parseJson(body);
    if (!isObject(error) || error.errcode !== 'M_MISSING_TOKEN') return false;
    this.#session.unsettled.add(OptionNumber.Authorization);
    return true;
  }

  /** The server does not know integer keys, what was agreed on, or where we are: the session has taken note of it, and asks anew. */
  #refused(answer: CoapResponse, mapped: MappedCoapRequest): boolean {
    return [keyTableRefused, featuresLost, positionLost].some((isRefused) => isRefused(answer, mapped, this.#session));
  }

  /** `undefined`: it refers to what is not known here. The next question is for an answer in full. */
  async #read(
    answer: CoapResponse,
    mapped: MappedCoapRequest,
    known?: ReadAnswer['known'],
  ): Promise<ReadAnswer | undefined> {
    const response = await this.#echoes.read(() => responseToHttp(answer, mapped, this.#session, known));
    if (response === undefined) {
      leaveLean(this.#session);
      return undefined;
    }
    const announced = mapped.options.some(({ number }) => number === PrivateOption.Features);
    // What this server had accepted in an earlier session it does not any more.
    if (announced && answer.code >> 5 === 2 && uintValue(answer.options, PrivateOption.Features) === undefined) {
      this.#session.features = undefined;
    }
    if ((this.#session.agreed & Feature.Transmission) !== 0) this.#client.agree({ transmission: true, qBlock: true });
    this.#options.onFeatures(this.#session.features);
    const { roundTrip } = this.#client;
    if (roundTrip !== undefined) this.#options.onRoundTrip(roundTrip);
    return response;
  }

  /** The pipe, with what passes through it seen. */
  #watched(pipe: ClientPipe): DatagramPipe {
    const watched: DatagramPipe = {
      get maxPayload() {
        return pipe.maxPayload;
      },
      get peer() {
        return pipe.peer;
      },
      get roundTrip() {
        return pipe.roundTrip;
      },
      send: (datagram) => {
        this.#lastSent = this.#platform.now();
        pipe.send(datagram);
        this.#silence.sent(this.#client.stats().retransmissions);
      },
      close: () => pipe.close(),
    };
    pipe.onDatagram = (datagram, now) => {
      this.#lastReceived = this.#platform.now();
      this.#silence.heard(this.#client.stats().retransmissions);
      watched.onDatagram?.(datagram, now);
    };
    pipe.onClose = (reason) => {
      watched.onClose?.(reason);
      this.#end();
    };
    return watched;
  }

  #trouble(trouble: Trouble): void {
    if (this.#alive) this.#options.onTrouble(trouble);
  }

  #end(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#heartbeat.stop();
    this.#cancelGrace?.();
    this.#silence.stop();
    this.#options.onEnd();
  }
}

/** What a server says that does not know FETCH, or an option of ours. */
const REFUSALS: ReadonlySet<number> = new Set([Code.BadOption, Code.MethodNotAllowed]);
