export { CliError, UsageError } from './cli-error.ts';
export { type CommandFlag, type CommandLine, type ParsedCommandLine, parseCommandLine } from './command-line.ts';
export { readDataArgument, readDataPieces, writeOutput } from './data-argument.ts';
export { type FlagSpec, type FlagSpecs, normaliseArgv } from './normalise-argv.ts';
export { packageVersion } from './package-version.ts';
export { runCli } from './run-cli.ts';
export { writeStdout } from './write-stdout.ts';
