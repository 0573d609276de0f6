import { UsageError } from '@lb-matrix/cli-args';

/** A header of the command line or of an answer. */
export type HeaderField = readonly [name: string, value: string];

/**
 * One `-H` argument: `Name: value`.
 *
 * @throws UsageError
 */
export function parseHeaderField(argument: string): HeaderField {
  const match = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(argument);
  if (match === null) throw new UsageError(`-H '${argument}' is malformed: write it as 'Name: value'`);
  return [match[1]!, match[2]!];
}

/** The value of the last field of this name (given in lower case), as the last `-H` counts. */
export function lastField(fields: readonly HeaderField[], name: string): string | undefined {
  return fields.findLast(([key]) => key.toLowerCase() === name)?.[1];
}
