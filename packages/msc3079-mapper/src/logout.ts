/** Whether a request ends its token when it succeeds: `POST /logout` and `/logout/all`, in any version of the API. */
export function isLogout(method: string, target: string): boolean {
  return method === 'POST' && /^\/_matrix\/client\/[^/]+\/logout(?:\/all)?(?:\?|$)/.test(target);
}
