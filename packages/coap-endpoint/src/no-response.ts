import { type CoapMessage, codeClass, findOption, OptionNumber } from '@lb-matrix/coap-codec';

/** The value of No-Response (RFC 7967 section 2.1): a bit for each class of responses. */
export function unwanted({ options }: CoapMessage): number {
  const value = findOption(options, OptionNumber.NoResponse)?.value;
  return value?.length === 1 ? value[0]! : 0;
}

/** Whether a response code is of one of these classes. */
export function isOf(classes: number, code: number): boolean {
  return classes !== 0 && (classes & (1 << (codeClass(code) - 1))) !== 0;
}
