/**
 * Ends a program that takes nothing but these options, if it got anything else: it would otherwise do its work on `--dry-run`.
 * `--help` says what there is.
 */
export function refuseArguments(options: readonly string[] = []): void {
  const given = process.argv.slice(2);
  const unknown = given.find((each) => each !== '--help' && !options.includes(each));
  if (unknown !== undefined) {
    process.stderr.write(`Unknown argument "${unknown}". Try --help.\n`);
    process.exit(1);
  }
  if (!given.includes('--help')) return;
  const known = options.length === 0 ? 'There are no options' : `Options: ${options.join(', ')}`;
  process.stdout.write(`${known}. Everything else is set by environment variables.\n`);
  process.exit(0);
}
