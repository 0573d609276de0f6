import { Code, OptionNumber, uintValue } from '@lb-matrix/coap-codec';
import type { IncomingRequest, Observation, Platform } from '@lb-matrix/coap-endpoint';
import type {
  AnswerContext,
  HttpRequest,
  HttpResponse,
  MappedRequest,
  ServerSession,
  WrittenAnswer,
} from '@lb-matrix/msc3079-mapper';
import type { Answer } from '../answer.ts';
import { type Gateway, overloaded, type SessionLoad } from '../gateway.ts';
import type { Limits } from '../limits.ts';
import { matrixResponse } from '../matrix-response.ts';
import { KeptBytes } from './kept-bytes.ts';
import { isNews, readAnswer, type SyncAnswer } from './news.ts';
import type { ObservationRecord } from './observation-record.ts';
import { deliver, type KeptAnswer, newState, type ObservationState } from './observation-state.ts';
import { Observer, type Surroundings } from './observer.ts';
import { Places, type SessionPlaces } from './places.ts';
import { type Registration, registrationOf } from './subject.ts';
import { type Write, writer } from './writer.ts';

export interface ObserversOptions {
  readonly gateway: Gateway;
  readonly platform: Platform;
  readonly limits: Limits;
  /** What goes to the homeserver in a client's name. */
  forward(http: HttpRequest, request: IncomingRequest): HttpRequest;
  readonly onObservation: ((record: ObservationRecord) => void) | undefined;
  readonly onError: ((error: unknown) => void) | undefined;
}

/** A session, as far as it observes. Found by the session alone, and gone with it. */
export interface ObservingSession extends SessionLoad {
  readonly matrix: ServerSession;
  readonly places: SessionPlaces;
  /** R15: with one access token or several, one for each CoAP token. */
  readonly observers: Set<Observer>;
  /** What the request that comes now has taken the place of: one with the same CoAP token. */
  replaced: ObservationState | undefined;
}

/** Everybody who is told of news. */
export interface Observers {
  /**
   * Answers a request to be told of news; `undefined` for every other, and for what cannot be observed: they are
   * ordinary requests (RFC 7641 section 4.1).
   */
  register(request: IncomingRequest, mapped: MappedRequest, session: ObservingSession): Promise<Answer> | undefined;
  /** Ends all observations in silence. */
  close(): void;
}

/** A request to be told of news that is being answered. */
interface Registering {
  readonly request: IncomingRequest;
  readonly session: ObservingSession;
  readonly context: AnswerContext;
  readonly registration: Registration;
  /** The answer to this very question is with the client, or on its way to it. */
  readonly kept: KeptAnswer | undefined;
  readonly write: Write;
}

/** The answer to a registration; without `news` it cannot be observed. */
interface First extends WrittenFirst {
  readonly news?: SyncAnswer | undefined;
}

interface WrittenFirst extends Answer {
  readonly coap: WrittenAnswer;
  /** What it was written from. */
  readonly response: HttpResponse | undefined;
}

export function createObservers(options: ObserversOptions): Observers {
  const { gateway, platform, limits, forward, onObservation, onError } = options;
  const places = new Places(limits);
  const keptBytes = new KeptBytes(limits.maxUnacknowledgedBytes);
  const observations = new Set<Observation>();

  return {
    register(request, mapped, session) {
      const { replaced } = session;
      session.replaced = undefined;
      const wish = uintValue(request.options, OptionNumber.Observe);
      if (wish !== 0 && wish !== 1) return undefined;
      const { format, token } = mapped.answer;
      const registration = registrationOf(
        request.code,
        mapped,
        `${format} ${session.matrix.keyTable} ${session.matrix.features}`,
      );
      if (registration === undefined) return undefined;
      // RFC 7641 section 3.6 has the state sent once more, which may be megabytes: our own client wants to leave, not that.
      if (wish === 1) return session.matrix.features === undefined ? undefined : Promise.resolve(FAREWELL);
      const write = writer(request, mapped.answer, session.matrix);
      if (token === undefined) return Promise.resolve(answerWith(missingToken(), write));
      const kept = keptFor(registration, session, replaced);
      return admit({ request, session, context: mapped.answer, registration, kept, write });
    },
    close() {
      for (const observation of [...observations]) observation.end();
    },
  };

  async function admit(registering: Registering): Promise<Answer> {
    const { request, session, write, kept } = registering;
    if (!places.take(session.places, request.peer.address)) return answerWith(overloaded(), write);
    let admitted = false;
    try {
      const first = kept === undefined ? await ask(registering) : again(kept, write);
      const observation = first.news && request.observe();
      if (first.news === undefined || observation === undefined) return first;
      admitted = observe(registering, first, first.news, observation);
      return admitted ? first : answerWith(overloaded(), write);
    } finally {
      if (!admitted) places.give(session.places);
    }
  }

  async function ask({ request, session, registration, write }: Registering): Promise<First> {
    const { first, subject } = registration;
    const { response, error } = await gateway.ask(forward(first, request), request.signal, session);
    const news = response.status === 200 ? readAnswer(subject.kind, response.body) : undefined;
    return { ...answerWith(response, write), error, news };
  }

  /** False when its answer cannot be kept. */
  function observe(registering: Registering, first: First, news: SyncAnswer, observation: Observation): boolean {
    const { request, session, context, registration, kept } = registering;
    const { subject, since } = registration;
    const path = subject.target.split('?', 1)[0]!;
    const report: Surroundings['report'] = (record) => {
      onObservation?.({ ...record, path, peer: { address: request.peer.address, port: request.peer.port } });
    };
    const observer = new Observer(newState(subject, since, context.reference), observation, {
      platform,
      keptBytes,
      ask: async (http, signal) => (await gateway.ask(forward(http, request), signal, session)).response,
      write: writer(request, afterFirst(context), session.matrix),
      report,
    });
    // Only to a response of its own there is an acknowledgement that shows that the client has it.
    if (kept === undefined && !isNews(news, news.counts)) deliver(observer.state, news);
    else if (observer.keep(news, first.coap, first.response)) request.acknowledge();
    else return false;

    const { signal } = observation;
    observations.add(observation);
    session.observers.add(observer);
    report({ event: 'registered' });
    signal.addEventListener('abort', () => {
      observations.delete(observation);
      session.observers.delete(observer);
      places.give(session.places);
      if (signal.reason === 'replaced') session.replaced = observer.state;
      report({ event: 'ended', reason: signal.reason });
    });
    observer.run().catch((error: unknown) => {
      onError?.(error);
      observation.end();
    });
    return true;
  }
}

/**
 * R20: an answer that a client asks for while it is on its way to it goes out again at once, as it is. One that the
 * client asks on from has arrived.
 */
function keptFor(
  { subject, since }: Registration,
  { observers }: ObservingSession,
  replaced: ObservationState | undefined,
): KeptAnswer | undefined {
  const same = [...observers].filter(({ state }) => state.subject.key === subject.key);
  for (const observer of same) observer.confirm(since.position);
  const states = same.map(({ state }) => state);
  if (replaced?.subject.key === subject.key) states.unshift(replaced);
  return states.find(({ kept }) => kept !== undefined && kept.since === since.position)?.kept;
}

function answerWith(response: HttpResponse, write: Write): WrittenFirst {
  return { coap: write(response), status: response.status, response };
}

/** What is kept, for a registration that knows nothing of the answers before it. */
function again({ coap, answer, response }: KeptAnswer, write: Write): First {
  return { coap: response === undefined ? coap : write(response), status: 200, news: answer, response };
}

/** Features are answered once, and no push is an initial /sync. */
function afterFirst(context: AnswerContext): AnswerContext {
  const compression = context.compression === 'once' ? 'parts' : context.compression;
  return { ...context, features: undefined, compression };
}

/** To a client that observes no more. */
const FAREWELL: Answer = { coap: { code: Code.Content, options: [], payload: new Uint8Array() }, status: 200 };

function missingToken(): HttpResponse {
  return matrixResponse(401, 'M_MISSING_TOKEN', 'Missing access token');
}
