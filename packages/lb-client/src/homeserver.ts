import { unlessAborted } from './abort.ts';
import { BackOff } from './back-off.ts';
import type { ClientPipe, ClientPlatform } from './client-platform.ts';
import type { ServerAddress, ServerSource } from './discovery.ts';
import { KeepAlive } from './keep-alive.ts';
import { Line } from './line.ts';
import { type Forms, Link, type Trouble } from './link.ts';
import type { Memory } from './memory.ts';
import type { Offer } from './offer.ts';
import type { KeepAliveOptions } from './options.ts';
import { RoundTrips } from './round-trips.ts';
import type { Meter } from './stats.ts';
import { Syncs } from './sync/syncs.ts';
import { PinMismatch, Unreachable, Unsupported } from './unreachable.ts';

export interface HomeserverOptions {
  readonly platform: ClientPlatform;
  readonly memory: Memory;
  readonly source: ServerSource;
  readonly connectTimeout: number;
  readonly networkKey: () => string;
  readonly keepAlive: KeepAliveOptions | undefined;
  /** What to ask the server for. */
  readonly forms: Forms;
  /** The state of a connection may have changed. */
  readonly onChange: () => void;
  /** Milliseconds without a call until a /sync is not observed any more. */
  readonly observeIdle: number;
  readonly meter: Meter;
}

/** The way to the server for one access token, and what it has observed. */
export interface Account {
  readonly line: Line;
  readonly syncs: Syncs;
}

interface Establish {
  readonly signal: AbortSignal;
  readonly onTrouble: (link: Link, trouble: Trouble) => void;
}

/** How long a server that was there may be away, in milliseconds, before HTTPS is used. */
const PATIENCE = 30_000;
/** How long one handshake of several may take, in milliseconds: its server may have been killed in the middle of it. */
const HANDSHAKE = 10_000;
/** What a network was found to stand is believed for a day. */
const NETWORK_AGE = 86_400_000;
/** Connections at once; beyond it the one that was unused longest ends. */
const MAX_ACCOUNTS = 64;

/** One homeserver: where its low-bandwidth server is, and one line to it for each access token. */
export class Homeserver {
  readonly platform: ClientPlatform;
  readonly backOff: BackOff = new BackOff();
  readonly #options: HomeserverOptions;
  /** By token, `''` for none. */
  readonly #accounts: Map<string, Account> = new Map();
  readonly #roundTrips: RoundTrips;
  readonly #keepAlives: Map<string, Promise<KeepAlive>> = new Map();
  /** The server has answered, and has not been out of reach for long since. */
  #reached = false;
  #unsupported = false;
  /** Why the last connection did not come about. */
  #failure: Unreachable | undefined;
  /** What the server has accepted of our announcements. */
  #features: number | undefined;

  constructor(options: HomeserverOptions) {
    this.platform = options.platform;
    this.#options = options;
    this.#roundTrips = new RoundTrips(options.memory);
  }

  /** Requests go over HTTPS. */
  get fallingBack(): boolean {
    return this.#unsupported || this.backOff.failing;
  }

  get accounts(): Iterable<Account> {
    return this.#accounts.values();
  }

  changed(): void {
    this.#options.onChange();
  }

  /** What there is for a token, `''` for none. */
  account(token: string): Account {
    const account = this.#accounts.get(token) ?? this.#open(token);
    account.line.lastUsed = this.platform.now();
    return account;
  }

  /** An app has received the answer of /versions. */
  versionsSeen(offer: Offer | undefined): void {
    this.#options.source.learn(offer);
    for (const { line } of this.#accounts.values()) line.learn(offer);
  }

  connectFailed(failure: unknown): void {
    this.#failure = failure instanceof PinMismatch ? failure : undefined;
    this.#reached = false;
    this.backOff.failed(this.platform.now());
    this.#options.source.doubt();
    this.changed();
  }

  /** Why there is no connection while none is tried. */
  away(): Unreachable {
    return this.#failure ?? new Unreachable(undefined);
  }

  /** Handshakes, again and again until time is up. Rejects with `Unreachable`, or with the signal's reason. */
  async establish({ signal, onTrouble }: Establish): Promise<Link> {
    const { platform } = this;
    // Who was there a moment ago may be about to restart.
    const patient = this.#reached;
    const deadline = platform.now() + (patient ? PATIENCE : this.#options.connectTimeout);
    for (let pause = 500; ; pause = Math.min(2 * pause, 4_000)) {
      const address = await unlessAborted(this.#options.source.find(), signal);
      this.#unsupported = address === undefined;
      if (address === undefined) throw new Unsupported(undefined);
      try {
        const time = Math.min(deadline - platform.now(), patient ? HANDSHAKE : Number.POSITIVE_INFINITY);
        const link = await this.#handshake(address, time, signal, onTrouble);
        this.#reached = true;
        return link;
      } catch (error) {
        signal.throwIfAborted();
        if (isPinMismatch(error)) throw new PinMismatch(error);
        // Where nobody was before, a refusal is an answer.
        if (!patient || platform.now() + pause >= deadline) throw new Unreachable(error);
      }
      await unlessAborted(new Promise<void>((resolve) => platform.setTimer(pause, resolve)), signal);
    }
  }

  close(): void {
    for (const { line, syncs } of this.#accounts.values()) {
      line.close();
      syncs.stop();
    }
  }

  async #handshake(
    { host, port, offer, pins }: ServerAddress,
    time: number,
    signal: AbortSignal,
    onTrouble: Establish['onTrouble'],
  ): Promise<Link> {
    const { platform } = this;
    const network = this.#options.networkKey();
    const way = { network, host, port };
    const [keepAlive, roundTrip] = await Promise.all([this.#keepAlive(network), this.#roundTrips.recall(way)]);
    const control = new AbortController();
    const giveUp = () => control.abort(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    const cancel = platform.setTimer(time, () => control.abort(new Error('No handshake in time')));
    let pipe: ClientPipe;
    try {
      pipe = await platform.connect({ host, port, pins, roundTrip, signal: control.signal });
    } finally {
      cancel();
      signal.removeEventListener('abort', giveUp);
    }
    this.#options.meter.pipe(pipe);
    const link: Link = new Link({
      pipe,
      platform,
      offer,
      forms: this.#options.forms,
      features: this.#features,
      roundTrip,
      keepAlive,
      onFeatures: (accepted) => {
        this.#features = accepted;
      },
      onRoundTrip: (milliseconds) => this.#roundTrips.measured(way, milliseconds),
      onLearnt: () => void this.#options.memory.remember(`keep-alive:${network}`, keepAlive.known),
      onTrouble: (trouble) => onTrouble(link, trouble),
      onEnd: () => {
        this.#options.meter.ended(pipe);
        this.changed();
      },
    });
    return link;
  }

  #keepAlive(network: string): Promise<KeepAlive> {
    let known = this.#keepAlives.get(network);
    if (known === undefined) {
      known = this.#options.memory
        .recall(`keep-alive:${network}`, NETWORK_AGE)
        .then((learnt) => new KeepAlive(this.#options.keepAlive, learnt));
      this.#keepAlives.set(network, known);
    }
    return known;
  }

  #open(token: string): Account {
    if (this.#accounts.size >= MAX_ACCOUNTS) this.#giveUpOldest();
    const line = (token === '' ? undefined : this.#takeVacant()) ?? new Line(this);
    const { platform } = this;
    const { observeIdle, meter } = this.#options;
    const syncs = new Syncs({ line, platform, idle: observeIdle, onPush: () => void meter.pushes++ });
    const account = { line, syncs };
    this.#accounts.set(token, account);
    return account;
  }

  /** A token that is new takes over the line of its login, or of the token that it replaces: that spares a handshake. */
  #takeVacant(): Line | undefined {
    for (const [token, { line, syncs }] of this.#accounts) {
      if (!line.vacant) continue;
      syncs.stop();
      this.#accounts.delete(token);
      return line;
    }
    return undefined;
  }

  #giveUpOldest(): void {
    const accounts = [...this.#accounts];
    accounts.sort(([, a], [, b]) => Number(b.line.unused) - Number(a.line.unused) || a.line.lastUsed - b.line.lastUsed);
    const [token, { line, syncs }] = accounts[0]!;
    this.#accounts.delete(token);
    line.close();
    syncs.stop();
  }
}

function isPinMismatch(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && error.reason === 'pin-mismatch';
}
