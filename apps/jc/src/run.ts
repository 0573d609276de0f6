import { readDataArgument, writeOutput } from '@lb-matrix/cli-args';
import { parseCommand } from './command.ts';
import { convert } from './convert.ts';

/**
 * The whole tool: reads, converts, and then writes, so that nothing is written on bad input.
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
  const output = await convert(await readDataArgument(command.input), command);
  await writeOutput(command.out, output);
  if (command.out !== '-') process.stderr.write(`Output to '${command.out}' (${output.length} bytes)\n`);
  return 0;
}
