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
