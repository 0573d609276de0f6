/** Asks a homeserver. Resolves with the answer's JSON; throws unless it is 2xx. `target` stands below /_matrix/client/v3. */
export type Ask = (
  method: string,
  target: string,
  token?: string,
  body?: unknown,
) => Promise<Readonly<Record<string, unknown>>>;

/** Someone who may log in, and a room of theirs. */
export interface Person {
  readonly userId: string;
  readonly password: string;
  readonly token: string;
  readonly roomId: string;
}

const FULL = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 50 } } }));
/** The queries of a first /sync: of ten messages of each room, and of fifty. */
export const SYNC_QUERY: Readonly<Record<'default' | 'full', string>> = {
  default: 'timeout=30000',
  full: `filter=${FULL}&timeout=30000`,
};

/** Whom the recorded answers are for. */
export const PERSON: Person = {
  userId: '@alice-b0192625:localhost',
  password: '0123456789abcdef0123456789abcdef',
  token: 'secret',
  roomId: '!iyXQbKLqGjNBVHlzYZ:localhost',
};

/** Sends a message. `count` is part of its transaction id. */
export async function sendMessage(ask: Ask, { token, roomId }: Person, count: number): Promise<void> {
  const target = `rooms/${encodeURIComponent(roomId)}/send/m.room.message/${String(count).padStart(6, '0')}-1`;
  await ask('PUT', target, token, { msgtype: 'm.text', body: 'Hello World' });
}

/** Logs in, and does a first /sync: of ten messages of each room, or of fifty. */
export async function loginAndSync(ask: Ask, { userId, password }: Person, isFull: boolean): Promise<void> {
  const identifier = { type: 'm.id.user', user: userId };
  const { access_token: token } = await ask('POST', 'login', undefined, {
    type: 'm.login.password',
    identifier,
    password,
  });
  await ask('GET', `sync?${SYNC_QUERY[isFull ? 'full' : 'default']}`, String(token));
}
