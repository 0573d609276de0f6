/** The exit codes of `coap`; curl's numbers where curl has one for the case. `--help` and the README list them. */
export const ExitCode = {
  /** The answer is 2xx. */
  Success: 0,
  /** The answer is an HTTP error (4.xx or 5.xx in CoAP); its body is printed like any other. */
  HttpError: 1,
  /** The command line is wrong, or a file that it names cannot be used. */
  Usage: 2,
  /** The host name does not resolve. */
  Dns: 6,
  /** Nobody listens there, or the connection broke. */
  Connection: 7,
  /** Nobody answered in time. */
  TimeOut: 28,
  /** The DTLS handshake failed. */
  Handshake: 35,
  /** The server's certificate does not verify, or its key has none of the pins. */
  Certificate: 60,
} as const;
