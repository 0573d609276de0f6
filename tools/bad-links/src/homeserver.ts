import { readFileSync } from 'node:fs';
import type { Upstream } from '@lb-matrix/lb-server';

/** What a homeserver answers, as JSON text. */
export interface Answers {
  readonly login: string;
  /** To a /sync without a filter, and to one with. */
  readonly syncDefault: string;
  readonly syncFull: string;
}

/** A homeserver that says the same to everybody, at once. */
export function answeringHomeserver({ login, syncDefault, syncFull }: Answers): Upstream {
  return async ({ target }) => {
    const { pathname, searchParams } = new URL(target, 'http://localhost');
    const body = bodyOf(pathname, searchParams.has('filter'));
    const headers = [['content-type', 'application/json']] as const;
    return { status: body === undefined ? 404 : 200, headers, body: new TextEncoder().encode(body ?? '{}') };
  };

  function bodyOf(path: string, isFiltered: boolean): string | undefined {
    if (path.endsWith('/versions')) return '{"versions":["v1.11"]}';
    if (path.endsWith('/login')) return login;
    if (path.endsWith('/sync')) return isFiltered ? syncFull : syncDefault;
    if (path.includes('/send/')) return '{"event_id":"$143273582443PhrSnOc0yqh0Y1Yl0bDm6PbYDY8rmfB"}';
    return undefined;
  }
}

/** Of the demo homeserver, to somebody with five rooms of fifty messages: see test/fixtures. */
export const recordedAnswers: Answers = {
  login: recorded('login'),
  syncDefault: recorded('sync-default'),
  syncFull: recorded('sync-full'),
};

function recorded(name: string): string {
  return readFileSync(new URL(`../test/fixtures/${name}.json`, import.meta.url), 'utf8').trim();
}
