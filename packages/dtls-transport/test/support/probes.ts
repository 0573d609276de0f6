import { ALERT, writeAlert } from '../../src/wire/alert.ts';
import { HANDSHAKE_HEADER_LENGTH, HANDSHAKE_TYPE } from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE } from '../../src/wire/record.ts';
import type { Recording } from './tampering.ts';

/** What a peer may put in a record. */
export interface Probe {
  /** The type of record. */
  readonly type: number;
  /** The body of a handshake message; else all of the record. */
  readonly content: Uint8Array;
  readonly handshakeType?: number;
}

const NOTHING = new Uint8Array(0);

/** Messages that the recording lacks, with a body that can be read. */
const MESSAGES: Readonly<Record<string, readonly [number, Uint8Array]>> = {
  helloRequest: [HANDSHAKE_TYPE.helloRequest, NOTHING],
  newSessionTicket: [4, new Uint8Array(6)], // RFC 5077 3.3
  certificate: [HANDSHAKE_TYPE.certificate, new Uint8Array(3)],
  serverKeyExchange: [HANDSHAKE_TYPE.serverKeyExchange, new Uint8Array(2)],
  certificateRequest: [HANDSHAKE_TYPE.certificateRequest, Uint8Array.of(1, 64, 0, 2, 4, 3, 0, 0)],
  certificateVerify: [15, Uint8Array.of(4, 3, 0, 0)], // RFC 5246 7.4.8
  certificateStatus: [22, Uint8Array.of(1, 0, 0, 0)], // RFC 6066 8
  'message of type 99': [99, Uint8Array.of(1)],
};

const RECORDS: Readonly<Record<string, Probe>> = {
  changeCipherSpec: { type: CONTENT_TYPE.changeCipherSpec, content: Uint8Array.of(1) },
  'fatal alert': { type: CONTENT_TYPE.alert, content: writeAlert(ALERT.handshake_failure) },
  warning: { type: CONTENT_TYPE.alert, content: Uint8Array.of(1, ALERT.no_renegotiation) },
  close_notify: { type: CONTENT_TYPE.alert, content: writeAlert(ALERT.close_notify) },
  data: { type: CONTENT_TYPE.applicationData, content: Uint8Array.of(9) },
  'record of type 24': { type: 24, content: Uint8Array.of(9) },
};

/** One of everything, by name. Messages of the handshake have the names and the bodies that they have in the recording. */
export function probesOf({ messages }: Recording): ReadonlyMap<string, Probe> {
  const probes = new Map<string, Probe>();
  for (const [name, fragment] of messages) {
    if (name.endsWith('changeCipherSpec')) continue;
    const content = fragment.subarray(HANDSHAKE_HEADER_LENGTH);
    probes.set(name, { type: CONTENT_TYPE.handshake, handshakeType: fragment[0]!, content });
  }
  for (const [name, [handshakeType, content]] of Object.entries(MESSAGES)) {
    const isRecorded = [...messages.keys()].some((recorded) => recorded.endsWith(` ${name}`));
    if (!isRecorded) probes.set(name, { type: CONTENT_TYPE.handshake, handshakeType, content });
  }
  for (const [name, probe] of Object.entries(RECORDS)) probes.set(name, probe);
  return probes;
}
