import { OptionNumber, type OptionRegistry, optionRegistry } from '@lb-matrix/coap-codec';

/**
 * Critical options that are registered but whose meaning is not built in here: to process a message as if they were not
 * there would be wrong.
 */
const NOT_BUILT_IN: readonly number[] = [OptionNumber.OSCORE, OptionNumber.QBlock1, OptionNumber.QBlock2];

/** The options of `registry` that this endpoint and the layer above it understand together. */
export function understood(registry: OptionRegistry = optionRegistry): OptionRegistry {
  const known = new Map(registry);
  for (const number of NOT_BUILT_IN) known.delete(number);
  return known;
}
