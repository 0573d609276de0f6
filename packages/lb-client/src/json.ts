const utf8 = new TextDecoder();

/** The value of JSON in UTF-8; `undefined` when the bytes are none. */
export function parseJson(json: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(utf8.decode(json));
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
