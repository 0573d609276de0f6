import { packageVersion, writeOutput } from '@lb-matrix/cli-args';
import type { CoapResponse } from '@lb-matrix/coap-endpoint';
import { responseHeaders, statusLine } from './answer.ts';
import { type Command, readCommand } from './command.ts';
import type { Exchange } from './exchange.ts';
import { ExitCode } from './exit-code.ts';
import { checkOutput, readBody } from './input.ts';
import { type Location, parseLocation } from './location.ts';
import { transfer } from './transfer.ts';

/**
 * Runs `coap`.
 *
 * @param argv - the arguments after the program's name
 * @returns the exit code
 * @throws CliError for whatever left no answer to print
 */
export async function run(argv: readonly string[]): Promise<number> {
  const command = readCommand(argv, packageVersion(import.meta.url));
  if ('print' in command) {
    process.stdout.write(command.print);
    return ExitCode.Success;
  }
  const location = parseLocation(command.url);
  const exchange = await makeExchange(command, location, await readBody(command));
  await checkOutput(command.output);
  const response = await transfer(command, location, exchange);
  return print(command, exchange, response);
}

/** Only the half that the URL needs is loaded. */
async function makeExchange(command: Command, location: Location, body: Uint8Array): Promise<Exchange> {
  if (location.matrix) return (await import('./matrix-exchange.ts')).matrixExchange(command, location, body);
  return (await import('./plain-exchange.ts')).plainExchange(command, location, body);
}

/** The body goes out as it is, on an HTTP error too. */
async function print({ include, output }: Command, exchange: Exchange, response: CoapResponse): Promise<number> {
  const { body, success, warning } = exchange.read(response);
  if (warning !== undefined) process.stderr.write(`coap: ${warning}\n`);
  if (!include) await writeOutput(output, body);
  else {
    const fields = responseHeaders(response.options, exchange.registry).map(([name, value]) => `${name}: ${value}`);
    const head = [statusLine(response.code), ...fields, '', ''].join('\r\n');
    await writeOutput(output, Buffer.concat([Buffer.from(head), body]));
  }
  return success ? ExitCode.Success : ExitCode.HttpError;
}
