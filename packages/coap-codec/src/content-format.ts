/** Content-Formats of RFC 7252 12.3, RFC 8132, RFC 8613, RFC 8742 and RFC 9177. */
export const ContentFormat = {
  TextPlain: 0,
  LinkFormat: 40,
  Xml: 41,
  OctetStream: 42,
  Exi: 47,
  Json: 50,
  JsonPatch: 51,
  MergePatch: 52,
  Cbor: 60,
  CborSeq: 63,
  MissingBlocks: 272,
  Oscore: 10_001,
} as const;

const MEDIA_TYPES: ReadonlyMap<number, string> = new Map([
  [ContentFormat.TextPlain, 'text/plain;charset=utf-8'],
  [ContentFormat.LinkFormat, 'application/link-format'],
  [ContentFormat.Xml, 'application/xml'],
  [ContentFormat.OctetStream, 'application/octet-stream'],
  [ContentFormat.Exi, 'application/exi'],
  [ContentFormat.Json, 'application/json'],
  [ContentFormat.JsonPatch, 'application/json-patch+json'],
  [ContentFormat.MergePatch, 'application/merge-patch+json'],
  [ContentFormat.Cbor, 'application/cbor'],
  [ContentFormat.CborSeq, 'application/cbor-seq'],
  [ContentFormat.MissingBlocks, 'application/missing-blocks+cbor-seq'],
  [ContentFormat.Oscore, 'application/oscore'],
]);

const NUMBERS: ReadonlyMap<string, number> = new Map([...MEDIA_TYPES].map(([number, type]) => [essence(type), number]));

/** The media type of a Content-Format, or `undefined` for a number that is not known here. */
export function mediaTypeOf(contentFormat: number): string | undefined {
  return MEDIA_TYPES.get(contentFormat);
}

/**
 * The Content-Format of a media type, or `undefined`. Parameters and case do not matter
 * (`'Application/JSON; charset=utf-8'` is 50), except that `text/plain` in a charset other than UTF-8 or US-ASCII has none.
 */
export function contentFormatOf(mediaType: string): number | undefined {
  const number = NUMBERS.get(essence(mediaType));
  if (number !== ContentFormat.TextPlain) return number;
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(mediaType)?.[1]?.toLowerCase();
  return charset === undefined || charset === 'utf-8' || charset === 'us-ascii' ? number : undefined;
}

function essence(mediaType: string): string {
  const end = mediaType.indexOf(';');
  return (end < 0 ? mediaType : mediaType.slice(0, end)).trim().toLowerCase();
}
