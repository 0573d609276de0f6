import { tryText } from './bytes.ts';
import type { CoapOption } from './message.ts';
import { isCritical, type OptionDefinition, type OptionRegistry, optionRegistry } from './option-registry.ts';

/** Why an option cannot be used. */
export type BadOptionReason =
  /** Not in the registry. */
  | 'unrecognized'
  /** Its value is shorter or longer than the definition allows (RFC 7252 5.4.3). */
  | 'length'
  /** A `string` that is not UTF-8. */
  | 'utf8'
  /** A second one of an option that is not repeatable (RFC 7252 5.4.5). */
  | 'repeated';

export interface BadOption {
  readonly number: number;
  readonly reason: BadOptionReason;
}

export interface OptionCheck {
  /** What is left to process: elective options that cannot be used are gone (RFC 7252 5.4.1). */
  readonly usable: readonly CoapOption[];
  /**
   * The first critical option that cannot be used. A CON request is then answered 4.02, a CON response is reset, and
   * a NON message of either kind is rejected (RFC 7252 5.4.1).
   */
  readonly bad: BadOption | undefined;
}

/**
 * Sorts options into those that can be processed and those that cannot (RFC 7252 5.4). `options` must be in ascending
 * order, as `decodeMessage` returns them. Never throws.
 */
export function checkOptions(options: readonly CoapOption[], registry: OptionRegistry = optionRegistry): OptionCheck {
  let usable: CoapOption[] | undefined;
  let bad: BadOption | undefined;
  let previous = -1;
  for (let i = 0; i < options.length; i++) {
    const option = options[i]!;
    const reason = whyBad(option, registry.get(option.number), option.number === previous);
    previous = option.number;
    if (reason === undefined) {
      usable?.push(option);
      continue;
    }
    // Most messages hold nothing bad: the list is copied only when something has to go.
    usable ??= options.slice(0, i);
    if (isCritical(option.number)) bad ??= { number: option.number, reason };
  }
  return { usable: usable ?? options, bad };
}

function whyBad(
  option: CoapOption,
  definition: OptionDefinition | undefined,
  again: boolean,
): BadOptionReason | undefined {
  if (definition === undefined) return 'unrecognized';
  const { length } = option.value;
  if (length < definition.minLength || length > definition.maxLength) return 'length';
  if (again && !definition.repeatable) return 'repeated';
  if (definition.format === 'string' && !isText(option.value)) return 'utf8';
  return undefined;
}

function isText(bytes: Uint8Array): boolean {
  // ASCII, which nearly all paths and queries are, needs no decoder.
  for (const byte of bytes) if (byte > 0x7f) return tryText(bytes) !== undefined;
  return true;
}
