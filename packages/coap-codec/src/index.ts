export { Code, codeClass, codeFromString, codeName, codeToString, isRequest, isResponse } from './code.ts';
export { ContentFormat, contentFormatOf, mediaTypeOf } from './content-format.ts';
export { type Decoded, type DecodeOptions, decodeMessage, type Malformed, type MalformedReason } from './decode.ts';
export { encodedLength, encodeMessage, encodeMessageInto } from './encode.ts';
export { CoapError, type CoapErrorCode } from './errors.ts';
export { formatMessage } from './format.ts';
export { type CoapMessage, type CoapOption, Type } from './message.ts';
export { type BadOption, type BadOptionReason, checkOptions, type OptionCheck } from './option-check.ts';
export {
  createOptionRegistry,
  isCritical,
  isNoCacheKey,
  isUnsafe,
  type OptionDefinition,
  type OptionFormat,
  OptionNumber,
  type OptionRegistry,
  optionRegistry,
} from './option-registry.ts';
export {
  decodeUint,
  emptyOption,
  findOption,
  findOptions,
  opaqueOption,
  stringOption,
  stringValues,
  uintOption,
  uintValue,
  withoutOptions,
} from './option-value.ts';
export { type CoapScheme, type CoapTarget, DEFAULT_PORT, optionsToUri, uriToOptions } from './uri.ts';
