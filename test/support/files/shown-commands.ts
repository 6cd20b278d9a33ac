/** Finds the options that pages show for npm scripts, so that a test can ask the programs whether they take them. */

/** Names of options by npm script, in the order of the pages, each once. */
export function optionsOfScripts(
  pages: ReadonlyArray<{ file: string; text: string }>,
): Map<string, readonly string[]> {
  const shown = new Map<string, string[]>();
  for (const { text } of pages) {
    for (const [, script = '', rest = ''] of text.replaceAll('\\\n', ' ').matchAll(command)) {
      const known = shown.get(script) ?? [];
      for (const [option] of rest.matchAll(/(?<= )--[a-z][a-z-]*/g))
        if (!known.includes(option)) known.push(option);
      if (known.length > 0) shown.set(script, known);
    }
  }
  return shown;
}

/** Up to whatever ends a command: the backtick, the line, a comment or the next command. */
const command = /\bnpm run (?:-s )?([\w:-]+) --((?: (?![#&|])[^\n`#&|]*)?)/g;
