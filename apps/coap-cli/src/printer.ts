import { appendFile } from 'node:fs/promises';
import { writeOutput, writeStdout } from '@lb-matrix/cli-args';
import type { CoapResponse } from '@lb-matrix/coap-endpoint';
import { responseHeaders, statusLine } from './answer.ts';
import type { Command } from './command.ts';
import type { Exchange } from './exchange.ts';

/** Prints answers where the command line says: to stdout or to a file, which the first answer begins anew. */
export class Printer {
  /** The last answer was 2xx, or there was none. */
  success = true;
  readonly #command: Pick<Command, 'include' | 'output' | 'observe' | 'json'>;
  readonly #exchange: Exchange;
  #begun = false;

  constructor(command: Pick<Command, 'include' | 'output' | 'observe' | 'json'>, exchange: Exchange) {
    this.#command = command;
    this.#exchange = exchange;
  }

  /**
   * Prints the body as it is, that of an HTTP error too. Of many in JSON each is a line.
   *
   * @returns false when nobody reads stdout any more
   * @throws CliError if the file cannot be written
   */
  async print(response: CoapResponse): Promise<boolean> {
    const { body, success, warning } = this.#exchange.read(response);
    this.success = success;
    if (warning !== undefined) process.stderr.write(`coap: ${warning}\n`);
    const { include, output, observe, json } = this.#command;
    const head = include ? headOf(response, this.#exchange) : '';
    const end = observe && json !== undefined ? '\n' : '';
    const bytes = Buffer.concat([Buffer.from(head), body, Buffer.from(end)]);
    if (output === '-') return writeStdout(bytes);
    if (this.#begun) await appendFile(output, bytes);
    else await writeOutput(output, bytes);
    this.#begun = true;
    return true;
  }
}

function headOf({ code, options }: CoapResponse, { registry }: Exchange): string {
  const fields = responseHeaders(options, registry).map(([name, value]) => `${name}: ${value}`);
  return [statusLine(code), ...fields, '', ''].join('\r\n');
}
