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

/** What apps ask for that show more than the last ten messages of a room. */
const FULL = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 50 } } }));

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
  await ask('GET', `sync?${isFull ? `filter=${FULL}&` : ''}timeout=30000`, String(token));
}
