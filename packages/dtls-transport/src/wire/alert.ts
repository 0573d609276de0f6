/** RFC 5246 7.2: alerts. */

const ALERT_LEVEL = { warning: 1, fatal: 2 } as const;

/** The alerts by their names in RFC 5246 7.2 and its extensions. */
export const ALERT = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  user_canceled: 90,
  no_renegotiation: 100,
  missing_extension: 109,
  unsupported_extension: 110,
  unrecognized_name: 112,
  unknown_psk_identity: 115,
  certificate_required: 116,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(ALERT).map(([name, number]) => [number, name]));

/** `handshake_failure` for 40; `alert_N` for a number without a name here. */
export function alertName(number: number): string {
  return NAMES.get(number) ?? `alert_${number}`;
}

/** An alert, or `undefined` when the bytes are none. Never throws. */
export function readAlert(bytes: Uint8Array): { fatal: boolean; alert: number } | undefined {
  if (bytes.length !== 2) return undefined;
  const [level, alert] = bytes as unknown as [number, number];
  if (level !== ALERT_LEVEL.warning && level !== ALERT_LEVEL.fatal) return undefined;
  return { fatal: level === ALERT_LEVEL.fatal, alert };
}

/** close_notify is a warning, all else that we send is fatal (RFC 5246 7.2). */
export function writeAlert(alert: number): Uint8Array {
  return Uint8Array.of(alert === ALERT.close_notify ? ALERT_LEVEL.warning : ALERT_LEVEL.fatal, alert);
}
