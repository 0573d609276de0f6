import { encodeJson } from '@lb-matrix/lb-cbor-keys';
import { type BodyForm, writtenForm } from '../../src/body-form.ts';
import { Echoes } from '../../src/lean/echoes.ts';
import { readLean } from '../../src/lean/lean-reader.ts';
import { type LeanBody, writeLean } from '../../src/lean/lean-writer.ts';
import { firstReference, type SyncReference } from '../../src/lean/sync-reference.ts';
import { utf8 } from '../support.ts';

/** Table 2 and base64 as bytes. */
const FORM: BodyForm = writtenForm(3, { keyTable: 1, compression: undefined });

export const cborOf = (value: unknown, form: BodyForm = FORM): Uint8Array => encodeJson(JSON.stringify(value), form);

/** Both ends of a connection, as far as lean bodies are concerned. */
export class Ends {
  readonly form: BodyForm;
  readonly serverEchoes: Echoes = new Echoes({ count: 32, bytes: 16_384 });
  readonly clientEchoes: Echoes = new Echoes({ count: 128, bytes: 65_536 });
  acknowledged: SyncReference;
  known: readonly SyncReference[];

  constructor(since: string | undefined, form: BodyForm = FORM) {
    this.form = form;
    this.acknowledged = firstReference(since);
    this.known = [this.acknowledged];
  }

  /** An event is sent, and each end has its answer or not. */
  send(target: string, content: unknown, id: string | undefined, clientKnows = true): void {
    const body = utf8(JSON.stringify(content));
    const answer = utf8(JSON.stringify({ event_id: id }));
    const there = this.clientEchoes.send('PUT', target, body);
    const here = this.serverEchoes.send('PUT', target, body);
    if (here !== undefined && id !== undefined) this.serverEchoes.answered(here, answer);
    if (there !== undefined && id !== undefined && clientKnows) this.clientEchoes.answered(there, answer);
  }

  write(value: unknown): LeanBody | undefined {
    return writeLean(cborOf(value, this.form), this.form, this.acknowledged, this.serverEchoes);
  }

  /** The client has it. Throws for what is not to be read. */
  read(lean: Uint8Array): Uint8Array {
    const { cbor, known } = readLean(lean, this.form, this.known, this.clientEchoes);
    this.known = known;
    return cbor;
  }
}
