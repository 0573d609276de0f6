/** The message types of RFC 7252 section 3, as they stand on the wire. */
export const Type = {
  /** Confirmable. */
  CON: 0,
  /** Non-confirmable. */
  NON: 1,
  /** Acknowledgement. */
  ACK: 2,
  /** Reset. */
  RST: 3,
} as const;
export type Type = (typeof Type)[keyof typeof Type];

/** One option: its number and its value as raw bytes. The helpers of `option-value.ts` read and write the formats. */
export interface CoapOption {
  readonly number: number;
  readonly value: Uint8Array;
}

/** A CoAP message (RFC 7252 section 3). */
export interface CoapMessage {
  readonly type: Type;
  /** One byte, class in the upper 3 bits and detail in the lower 5: `0x45` is 2.05. See `Code`. */
  readonly code: number;
  /** 0-65535. */
  readonly messageId: number;
  /** 0-8 bytes; up to 65804 bytes with RFC 8974. */
  readonly token: Uint8Array;
  /** In ascending order of number after decoding; any order when encoding (sorted, stable). */
  readonly options: readonly CoapOption[];
  /** Empty when there is none. After decoding a view into the datagram. */
  readonly payload: Uint8Array;
}
