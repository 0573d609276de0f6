/** An error that ends a command line tool with a message for people instead of a stack trace. */
export class CliError extends Error {
  /** The exit code of the process, 1 unless the tool documents another. */
  readonly exitCode: number;

  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** The command line itself is wrong: exit code 2, and a pointer to `--help`. */
export class UsageError extends CliError {
  constructor(message: string) {
    super(message, 2);
    this.name = 'UsageError';
  }
}
