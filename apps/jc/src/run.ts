import { writeOutput, writeStdout } from '@lb-matrix/cli-args';
import { type Command, parseCommand } from './command.ts';
import { convert, readJson, toJson } from './convert.ts';
import { mapValues } from './values.ts';

/**
 * The whole tool. A value is converted before any of it is written, and a file is written when all is done, so that
 * nothing is written on bad input.
 *
 * @param argv - the arguments after the program's name
 * @returns the exit code
 * @throws CliError
 */
export async function run(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv);
  if ('print' in command) {
    process.stdout.write(command.print);
    return 0;
  }
  const output = command.to === 'statistics' ? tellStatistics(command) : mapValues(command, (v) => convert(v, command));
  if (command.out === '-') await print(output);
  else await save(command.out, output);
  return 0;
}

async function* tellStatistics(command: Command): AsyncGenerator<Uint8Array> {
  const { Statistics } = await import('./statistics.ts');
  const statistics = new Statistics(command);
  const add = async (value: Uint8Array): Promise<void> => {
    const json = await toJson(value, command);
    readJson(json, () => statistics.add(json));
  };
  for await (const _ of mapValues(command, add));
  yield Buffer.from(statistics.toString());
}

async function print(output: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of output) {
    if (!(await writeStdout(bytes))) return;
  }
}

async function save(path: string, output: AsyncIterable<Uint8Array>): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const bytes of output) chunks.push(bytes);
  const all = Buffer.concat(chunks);
  await writeOutput(path, all);
  process.stderr.write(`Output to '${path}' (${all.length} bytes)\n`);
}
