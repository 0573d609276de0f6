/**
 * Whether an answer over HTTP is to be CBOR. The Accept header decides between CBOR and JSON where it names one of them;
 * without, a request in CBOR is answered in CBOR, and every other in JSON (MSC3079: no CBOR to JSON unasked; a wildcard
 * does not ask for it).
 */
export function acceptsCbor(accept: string | undefined, requestIsCbor: boolean): boolean {
  const cbor = quality(accept, 'application/cbor');
  const json = quality(accept, 'application/json');
  if (cbor === undefined) return requestIsCbor && json === undefined;
  return cbor > 0 && cbor >= (json ?? 0);
}

/** The weight of a media type that the header names itself (RFC 9110 section 12.5.1). */
function quality(accept: string | undefined, type: string): number | undefined {
  for (const range of accept?.split(',') ?? []) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (name !== type) continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    return weight === undefined ? 1 : Number(weight.slice(2)) || 0;
  }
  return undefined;
}
