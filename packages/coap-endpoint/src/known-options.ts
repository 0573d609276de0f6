import { OptionNumber, type OptionRegistry, optionRegistry } from '@lb-matrix/coap-codec';

/**
 * Critical options that are registered but whose meaning is not built in here: to process a message as if they were not
 * there would be wrong.
 */
const NOT_BUILT_IN: readonly number[] = [OptionNumber.OSCORE];

/** The options of `registry` that this endpoint and the layer above it understand together. */
export function understood(registry: OptionRegistry = optionRegistry): OptionRegistry {
  const known = new Map(registry);
  for (const number of NOT_BUILT_IN) known.delete(number);
  return known;
}

/** Those of a server that does not take the blocks of RFC 9177. */
export function withoutQBlocks(registry: OptionRegistry): OptionRegistry {
  const known = new Map(registry);
  known.delete(OptionNumber.QBlock1);
  known.delete(OptionNumber.QBlock2);
  return known;
}
