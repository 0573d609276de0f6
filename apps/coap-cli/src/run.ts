import { packageVersion, UsageError } from '@lb-matrix/cli-args';
import { type Command, readCommand } from './command.ts';
import type { Exchange } from './exchange.ts';
import { ExitCode } from './exit-code.ts';
import { checkOutput, readBody } from './input.ts';
import { type Location, parseLocation } from './location.ts';
import { Printer } from './printer.ts';
import { transfer } from './transfer.ts';
import { withConnection } from './with-connection.ts';

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
  if (!location.secure && (command.psk ?? command.pins ?? command.cert ?? command.ciphers) !== undefined) {
    throw new UsageError('coap:// is not protected: --psk, --pin, --cert and --ciphers need coaps:// or https://');
  }
  const exchange = await makeExchange(command, location, await readBody(command));
  await checkOutput(command.output);
  const printer = new Printer(command, exchange);
  if (command.observe) await observe(command, location, exchange, printer);
  else await printer.print(await withConnection(command, location, exchange, transfer(exchange)));
  return printer.success ? ExitCode.Success : ExitCode.HttpError;
}

/** Only the half that the URL needs is loaded. */
async function makeExchange(command: Command, location: Location, body: Uint8Array): Promise<Exchange> {
  if (location.matrix) return (await import('./matrix-exchange.ts')).matrixExchange(command, location, body);
  return (await import('./plain-exchange.ts')).plainExchange(command, location, body);
}

async function observe(command: Command, location: Location, exchange: Exchange, printer: Printer): Promise<void> {
  const { observation } = await import('./observation.ts');
  const use = observation(exchange, (response) => printer.print(response));
  const ended = await withConnection(command, location, exchange, use);
  if (ended && printer.success) process.stderr.write('coap: the server tells of no more changes\n');
}
