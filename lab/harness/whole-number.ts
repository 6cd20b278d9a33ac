/** A mistake on the command line; its message is all that the user needs. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
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
