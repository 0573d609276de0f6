import { type Answer, send } from '@lb-matrix/scripted-http';

/** What the tests read of the bodies of the Matrix API; each has some of it. */
interface MatrixBody {
  readonly errcode: string;
  readonly retry_after_ms: number;
  readonly user_id: string;
  readonly access_token: string;
  readonly room_id: string;
  readonly event_id: string;
  readonly next_batch: string;
  readonly rooms: { readonly join: Readonly<Record<string, { readonly timeline: { readonly events: unknown } }>> };
  readonly well_known: WellKnown;
}

interface WellKnown {
  readonly 'm.homeserver': { readonly base_url: string };
}

type MatrixAnswer = Answer & { readonly json: Partial<MatrixBody & WellKnown> };

/** One request of the Matrix API: {@link send}, and the JSON in the answer. */
export async function ask(...request: Parameters<typeof send>): Promise<MatrixAnswer> {
  const answer = await send(...request);
  return { ...answer, json: JSON.parse(answer.body.toString()) };
}

/** A client of the Matrix API that has registered. */
export async function register(url: string, username: string) {
  const body = JSON.stringify({ username, password: 'secret', auth: { type: 'm.login.dummy' } });
  const { status, json } = await ask(url, 'POST', '/_matrix/client/v3/register', { body });
  if (status !== 200) throw new Error(`registration failed: ${JSON.stringify(json)}`);
  const headers = { authorization: `Bearer ${json.access_token}` };
  return {
    id: json.user_id!,
    token: json.access_token!,
    request: (method: string, path: string, content?: unknown): Promise<MatrixAnswer> =>
      ask(url, method, `/_matrix/client/v3${path}`, {
        headers,
        ...(content === undefined ? {} : { body: JSON.stringify(content) }),
      }),
  };
}
