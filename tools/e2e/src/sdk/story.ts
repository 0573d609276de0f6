import { arrived, createRoom, redact, roomOf, send } from './act.ts';
import { type App, openApp, register, type SyncKind } from './app.ts';
import { Direction, KnownMembership, MatrixError, Method, Preset, ReceiptType, type Thread } from './matrix-js-sdk.ts';
import { isReadable, type Outcome, outcomeOf } from './outcome.ts';
import { stubbornly } from './stubborn.ts';
import { until } from './until.ts';

/** Where a story takes place. */
export interface Stage {
  /** Base URL of the homeserver. */
  readonly homeserver: string;
  /** A `fetch` for one device: its connection to the homeserver. */
  readonly connect: (device: string) => typeof fetch;
  readonly sync: SyncKind;
  /** Tells users of one homeserver from those of another story there. */
  readonly suffix: string;
  /** How many milliseconds any single step may take. */
  readonly patience: number;
}

/** How long Bob types without saying so again, and how soon he says so again when Alice does not see it. */
const TYPING_MS = 60_000;
const TYPING_AGAIN_MS = 5_000;

/** State that makes a room an encrypted one. */
export const ENCRYPTION = {
  type: 'm.room.encryption',
  state_key: '',
  content: { algorithm: 'm.megolm.v1.aes-sha2' },
} as const;

const text = (body: string) => ({ msgtype: 'm.text', body });

/**
 * Two users meet on a homeserver and use what apps use: rooms with and without encryption, messages, edits, reactions, threads,
 * redactions, receipts, typing, key backup and devices. Each step waits until whom it concerns has seen it, so the order of the
 * events is the same in every run.
 *
 * @returns what their apps show at the end
 */
export async function tellStory(stage: Stage): Promise<Outcome> {
  const alice = await join(stage, 'alice');
  const bob = await join(stage, 'bob');
  const apps = [alice, bob];
  try {
    await setUpKeyBackup(alice);
    const plain = await meet(alice, bob, { name: 'Plain', topic: 'in the open' });
    await talk(alice, bob, plain);
    const secret = await meet(alice, bob, {
      name: 'Secret',
      topic: 'between us',
      initial_state: [ENCRYPTION],
    });
    await talk(alice, bob, secret);
    await rename(alice, bob, plain);
    await keysBackedUp(alice, secret);
    const phone = await openPhone(stage, alice);
    apps.push(phone);
    await restoreKeys(phone, secret);
    const outcome = outcomeOf({ alice, bob, phone });
    await removePhone(alice, phone);
    return outcome;
  } finally {
    for (const { client } of apps) client.stopClient();
  }
}

async function join(stage: Stage, name: string): Promise<App> {
  const user = `${name}${stage.suffix}`;
  const device = `${name.toUpperCase()}LAPTOP`;
  const options = { ...stage, fetch: stage.connect(device), user, password: `${name} and nobody else`, device };
  await register(options);
  return openApp(options);
}

async function setUpKeyBackup(app: App): Promise<void> {
  const { client, patience, userId: user, password } = app;
  const crypto = client.getCrypto()!;
  await stubbornly(patience, () =>
    crypto.bootstrapCrossSigning({
      authUploadDeviceSigningKeys: async (request) => {
        await request({ type: 'm.login.password', identifier: { type: 'm.id.user', user }, password });
      },
    }),
  );
  await stubbornly(patience, () =>
    crypto.bootstrapSecretStorage({
      setupNewKeyBackup: true,
      createSecretStorageKey: async () => {
        const key = await crypto.createRecoveryKeyFromPassphrase();
        app.recoveryKey = key.privateKey;
        return key;
      },
    }),
  );
}

/** Alice creates a room and invites Bob, who joins; resolves with its id when both see each other in it. */
export async function meet(
  alice: App,
  bob: App,
  options: { name: string; topic: string; initial_state?: never[] | object[] },
) {
  const { patience } = alice;
  const roomId = await createRoom(alice, { ...options, preset: Preset.PrivateChat } as Parameters<
    typeof createRoom
  >[1]);
  await roomOf(alice, roomId);
  await stubbornly(patience, async () => {
    // Bob may have been invited by an attempt whose answer was lost.
    if (bob.client.getRoom(roomId) === null) await alice.client.invite(roomId, bob.userId);
  });
  const isInvited = () => bob.client.getRoom(roomId)?.getMyMembership() === KnownMembership.Invite;
  await until(`the invitation to ${options.name}`, patience, isInvited);
  await stubbornly(patience, () => bob.client.joinRoom(roomId));
  for (const app of [alice, bob]) {
    const room = await roomOf(app, roomId);
    await until(`two members of ${options.name}`, patience, () => room.getJoinedMemberCount() === 2);
    await until('its topic', patience, () => room.currentState.getStateEvents('m.room.topic', '') !== null);
    if (options.initial_state === undefined) continue;
    await until('encryption', patience, () => app.client.getCrypto()!.isEncryptionEnabledInRoom(roomId));
    await stubbornly(patience, () => room.loadMembersIfNeeded());
  }
  return roomId;
}

async function talk(alice: App, bob: App, roomId: string): Promise<void> {
  const { patience } = alice;
  const both = async (eventId: string) => {
    for (const app of [alice, bob]) await arrived(app, roomId, eventId);
    return eventId;
  };
  const say = async (app: App, content: object, thread: string | null = null) =>
    both(await send(app, roomId, 'm.room.message', content, thread));

  await showTyping(bob, alice, roomId, true);
  const hello = await say(bob, text('Hello Alice, ☕ at 5?'));
  await showTyping(bob, alice, roomId, false);

  const event = await arrived(alice, roomId, hello);
  await stubbornly(patience, () => alice.client.sendReadReceipt(event, ReceiptType.Read, true));
  const bobsRoom = await roomOf(bob, roomId);
  await until("Alice's receipt", patience, () => bobsRoom.getEventReadUpTo(alice.userId, true) === hello);

  const annotates = { rel_type: 'm.annotation', event_id: hello, key: '👍' };
  await both(await send(alice, roomId, 'm.reaction', { 'm.relates_to': annotates }));
  const answer = await say(alice, { ...text('At 6.'), 'm.relates_to': { 'm.in_reply_to': { event_id: hello } } });
  const edit = { rel_type: 'm.replace', event_id: answer };
  await say(alice, { ...text('* At 7.'), 'm.new_content': text('At 7.'), 'm.relates_to': edit });
  await until('the edit', patience, () => bobsRoom.findEventById(answer)?.getContent().body === 'At 7.');

  // As an app does that opens a thread; the SDK shows nothing of its user's first message there otherwise.
  bobsRoom.createThread(hello, bobsRoom.findEventById(hello), [], true);
  const inThread = { rel_type: 'm.thread', event_id: hello, is_falling_back: true };
  const question = { ...inThread, 'm.in_reply_to': { event_id: hello } };
  const where = await say(bob, { ...text('Which café?'), 'm.relates_to': question }, hello);
  const reply = { ...inThread, 'm.in_reply_to': { event_id: where } };
  await say(alice, { ...text('The one by the river.'), 'm.relates_to': reply }, hello);

  const mistake = await say(bob, text('This belongs elsewhere.'));
  await redact(bob, roomId, mistake);
  const alicesRoom = await roomOf(alice, roomId);
  await until('the redaction', patience, () => alicesRoom.findEventById(mistake)?.isRedacted());
}

/**
 * Says whether Bob types until Alice sees it. A homeserver that restarts forgets it, and Synapse shows nothing then that does not
 * change: so Bob says the opposite in between.
 */
async function showTyping(bob: App, alice: App, roomId: string, types: boolean): Promise<void> {
  const { patience } = alice;
  const say = (now: boolean) => stubbornly(patience, () => bob.client.sendTyping(roomId, now, TYPING_MS));
  await say(types);
  let said = performance.now();
  await until(`that Bob types: ${types}`, patience, async () => {
    if (alice.client.getRoom(roomId)?.getMember(bob.userId)?.typing === types) return true;
    if (performance.now() - said < TYPING_AGAIN_MS) return false;
    await say(!types);
    await say(types);
    said = performance.now();
    return false;
  });
}

async function rename(alice: App, bob: App, roomId: string): Promise<void> {
  const { patience } = alice;
  await stubbornly(patience, () => alice.client.setRoomName(roomId, 'Square'));
  for (const app of [alice, bob]) {
    const room = await roomOf(app, roomId);
    await until('the new name', patience, () => room.name === 'Square');
  }
}

/** Resolves when the backup has the key of every session in the room. */
async function keysBackedUp({ client, patience }: App, roomId: string): Promise<void> {
  const keys = (await client.getCrypto()!.exportRoomKeys()).filter((key) => key.room_id === roomId).length;
  // The SDK would tell how many there were when it looked first.
  const backup = () => client.http.authedRequest<{ count: number }>(Method.Get, '/room_keys/version');
  await until(`${keys} keys in the backup`, patience, async () => (await stubbornly(patience, backup)).count === keys);
}

function openPhone(stage: Stage, { recoveryKey, password }: App): Promise<App> {
  const device = 'ALICEPHONE';
  return openApp({
    ...stage,
    fetch: stage.connect(device),
    user: `alice${stage.suffix}`,
    password,
    device,
    recoveryKey: recoveryKey!,
  });
}

/** The device gets the keys from the backup and decrypts everything that it has. */
async function restoreKeys(phone: App, roomId: string): Promise<void> {
  const { client, patience } = phone;
  const crypto = client.getCrypto()!;
  await stubbornly(patience, async () => {
    await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
    await crypto.checkKeyBackupAndEnable();
    await crypto.restoreKeyBackup();
  });
  const room = await roomOf(phone, roomId);
  await stubbornly(patience, async () => {
    while (room.getLiveTimeline().getPaginationToken(Direction.Backward) !== null) await client.scrollback(room, 50);
  });
  // The SDK fetches threads in the background. `length` counts the replies, the timeline has the start as well.
  const isThere = (thread: Thread) =>
    thread.initialEventsFetched && thread.liveTimeline.getEvents().length > thread.length;
  await until('the threads', patience, () => client.getRooms().every((each) => each.getThreads().every(isThere)));
  const timelines = [room.getLiveTimeline(), ...room.getThreads().map(({ liveTimeline }) => liveTimeline)];
  for (const event of timelines.flatMap((timeline) => timeline.getEvents())) {
    // As an app does with what it shows.
    await client.decryptEventIfNeeded(event);
    if (!isReadable(event)) throw new Error(`a new device cannot decrypt ${event.getId()}`);
  }
}

/** Alice finds both devices on her laptop and removes the phone, which is logged out by that. */
async function removePhone(alice: App, phone: App): Promise<void> {
  const { client, patience, password, deviceId, userId: user } = alice;
  const { devices } = await stubbornly(patience, () => client.getDevices());
  const names = devices.map((device) => `${device.device_id} ${device.display_name}`).sort();
  if (
    names.join() !==
    [phone.deviceId, deviceId]
      .map((id) => `${id} ${id}`)
      .sort()
      .join()
  ) {
    throw new Error(`the devices are ${names}`);
  }
  let session: string | undefined;
  try {
    await stubbornly(patience, () => client.deleteMultipleDevices([phone.deviceId]));
    throw new Error('a device was removed without authentication');
  } catch (error) {
    // User-interactive authentication: the first answer is 401 with a session.
    if (!(error instanceof MatrixError && error.httpStatus === 401)) throw error;
    session = error.data.session as string;
  }
  const identifier = { type: 'm.id.user', user };
  const auth = { type: 'm.login.password', identifier, password, session };
  await stubbornly(patience, () => client.deleteMultipleDevices([phone.deviceId], auth));
  try {
    await stubbornly(patience, () => phone.client.whoami());
    throw new Error('a removed device is still logged in');
  } catch (error) {
    if (!(error instanceof MatrixError && error.errcode === 'M_UNKNOWN_TOKEN')) throw error;
  }
}
