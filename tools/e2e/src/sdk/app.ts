import {
  ClientEvent,
  createClient,
  type MatrixClient,
  MatrixError,
  PendingEventOrdering,
  SlidingSync,
  SyncState,
} from './matrix-js-sdk.ts';
import { quietLogger } from './prepare.ts';
import { stubbornly } from './stubborn.ts';
import { until } from './until.ts';

/** How an app asks for what is new: `/sync`, or simplified sliding sync (MSC4186). */
export type SyncKind = 'v2' | 'sliding';

/** Who logs in, and through what. */
export interface AppOptions {
  /** Base URL of the homeserver. */
  readonly homeserver: string;
  readonly fetch: typeof fetch;
  readonly sync: SyncKind;
  readonly user: string;
  readonly password: string;
  /** Id and display name of the device. */
  readonly device: string;
  /** Opens the user's secret storage, which another device has made. */
  readonly recoveryKey?: Uint8Array<ArrayBuffer>;
  /** The IndexedDB that keeps the device's keys, for the next time that it is opened; without a name they end with the app. */
  readonly database?: string;
  /** How many milliseconds anything may take. */
  readonly patience: number;
}

/** A Matrix app on a device of its own: matrix-js-sdk with end-to-end encryption, logged in and in sync. */
export interface App {
  readonly client: MatrixClient;
  readonly userId: string;
  readonly deviceId: string;
  readonly password: string;
  readonly patience: number;
  /** Opens the user's secret storage; set by whoever creates it. */
  recoveryKey: Uint8Array<ArrayBuffer> | undefined;
}

/** Long enough for an idle app not to be noticed, short enough for the app to end soon. */
const POLL_TIMEOUT_MS = 20_000;

/** Registers a user, without logging in. */
export async function register(options: AppOptions): Promise<void> {
  const { user: username, password, patience } = options;
  const client = createClient(common(options));
  try {
    await stubbornly(patience, () =>
      client.registerRequest({ username, password, auth: { type: 'm.login.dummy' }, inhibit_login: true }),
    );
  } catch (error) {
    // An attempt whose answer was lost.
    if (!(error instanceof MatrixError && error.errcode === 'M_USER_IN_USE')) throw error;
  }
}

/** Logs in on a new device and resolves when the first sync has been processed. */
export async function openApp(options: AppOptions): Promise<App> {
  const { user, password, device, patience } = options;
  const login = await stubbornly(patience, () =>
    createClient(common(options)).loginRequest({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user },
      password,
      device_id: device,
      initial_device_display_name: device,
    }),
  );
  const app: App = {
    client: createClient({
      ...common(options),
      accessToken: login.access_token,
      userId: login.user_id,
      deviceId: login.device_id,
      cryptoCallbacks: {
        getSecretStorageKey: async ({ keys }) => {
          const [id] = Object.keys(keys);
          return id === undefined || app.recoveryKey === undefined ? null : [id, app.recoveryKey];
        },
      },
    }),
    userId: login.user_id,
    deviceId: login.device_id,
    password,
    patience,
    recoveryKey: options.recoveryKey,
  };
  const { database } = options;
  await app.client.initRustCrypto({
    useIndexedDB: database !== undefined,
    ...(database === undefined ? {} : { cryptoDatabasePrefix: database }),
  });
  await startSync(app, options.sync);
  return app;
}

function common({ homeserver, fetch, patience }: AppOptions) {
  return { baseUrl: homeserver, fetchFn: fetch, localTimeoutMs: patience, logger: quietLogger };
}

/** Starts an app's sync loop and resolves when the first answer has been processed. */
async function startSync({ client, patience }: App, sync: SyncKind): Promise<void> {
  let state: SyncState | null = null;
  client.on(ClientEvent.Sync, (next) => {
    state = next;
  });
  await client.startClient({
    initialSyncLimit: 20,
    pollTimeout: POLL_TIMEOUT_MS,
    threadSupport: true,
    lazyLoadMembers: true,
    pendingEventOrdering: PendingEventOrdering.Detached,
    ...(sync === 'sliding' ? { slidingSync: slidingSync(client) } : {}),
  });
  await until('the first sync', patience, () => state === SyncState.Prepared || state === SyncState.Syncing);
}

/** All rooms in one list, as small apps do it. */
function slidingSync(client: MatrixClient): SlidingSync {
  const everyRoom = { ranges: [[0, 99]], timeline_limit: 20, required_state: [['*', '*']] };
  return new SlidingSync(
    client.getHomeserverUrl(),
    new Map([['all', everyRoom]]),
    { timeline_limit: 20, required_state: [['*', '*']] },
    client,
    POLL_TIMEOUT_MS,
  );
}
