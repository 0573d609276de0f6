/** What two runs of the same command may print differently, and what stands for it in a comparison. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  // Ids and tokens.
  [/("(?:access_token|device_id|event_id|next_batch|prev_batch)": ?)"[^"]*"/g, '$1"?"'],
  [/\$[\w-]{43}/g, '$?'],
  [/(?:!|%21)[\w-]+(?::|%3A)localhost/g, '!?:localhost'],
  // Pins of keys that are made anew.
  [/\bsha256\/[A-Za-z\d+/]{43}=/g, 'sha256/?'],
  // How many roots Node ships.
  [/\(\d+ given\)/g, '(? given)'],
  // Times.
  [/("(?:origin_server_ts|age)": ?)\d+/g, '$1?'],
  [/^([A-Z]{4,5})\[\d{4}\]/gm, '$1[?]'],
  [/\b\d+\.\d ms\b/g, '? ms'],
  [/\bms=\d+/g, 'ms=?'],
  // Ports that the machine chose, and sizes, which go with the lengths of ids and signatures.
  [/\b127\.0\.0\.1:(?!800[89]\b)\d+/g, '127.0.0.1:?'],
  [/\b\d+ (up|down)\b/g, '? $1'],
  [/\b(round trips|retransmissions): \d+/g, '$1: ?'],
  [/\bbytes=\d+/g, 'bytes=?'],
];

/** An output with `?` for every id, time, size and port of the machine's choice: two runs of a command agree in the rest. */
export function comparable(output: string): string {
  return VARYING.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), output);
}
