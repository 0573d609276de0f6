import type { HttpResponse } from '@lb-matrix/msc3079-mapper';

/**
 * An answer of our own in the homeserver's place: a Matrix error as JSON. Browsers see it as the homeserver's, so it has
 * the CORS header that the Matrix specification wants on every answer.
 */
export function matrixResponse(
  status: number,
  errcode: string,
  error: string,
  details: Readonly<Record<string, unknown>> = {},
): HttpResponse {
  return {
    status,
    headers: [
      ['content-type', 'application/json'],
      ['access-control-allow-origin', '*'],
    ],
    body: new TextEncoder().encode(JSON.stringify({ errcode, error, ...details })),
  };
}
