/** A mistake on the command line; its message is all that the user needs. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Runs a program that a person has started: of an error it prints the message alone, and the exit code is 1. */
export async function runCommand(work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

/** The message of an error. Of one of `parseArgs`, its first sentence: the others advise what no command here takes. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isUsage = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  return isUsage ? `${error.message.replace(/\.\s.*$/s, '')}. Try --help.` : error.message;
}

/** @throws {UsageError} unless the value of an option is a whole number in this range */
export function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value < least || value > most)
    throw new UsageError(
      `${name} must be a whole number from ${least} to ${most}, not "${text}". Try --help.`,
    );
  return value;
}
