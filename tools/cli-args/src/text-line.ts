/**
 * A line of the JSON log for people: `INFO[0004] GET /_matrix/client/versions - 200  bytes=1180 ms=12`, with the seconds
 * since the start.
 *
 * @param started - when the process started, in Unix milliseconds
 */
export function textLine(json: string, started: number): string {
  // A request's method, path and status stand in its message already.
  const { level, time, msg, method, path, status, ...fields }: Record<string, unknown> = JSON.parse(json);
  const seconds = Math.max(0, Math.floor((Date.parse(String(time)) - started) / 1000));
  const details = Object.entries(fields).map(([name, value]) => ` ${name}=${fieldText(value)}`);
  const head = `${String(level).toUpperCase().padEnd(4)}[${String(seconds).padStart(4, '0')}]`;
  return `${head} ${printable(String(msg))}${details.length > 0 ? ` ${details.join('')}` : ''}\n`;
}

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return printable(/[\s"=]/.test(text) ? JSON.stringify(text) : text);
}

/** What a peer can put into a line must not drive the terminal: no control characters, no bidirectional overrides. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
