import type { Environment } from './environment.ts';

/** Names that every program of a machine may find: they mean other things than the variable that they resemble. */
const foreign = /^(https?|no|all)_proxy$/i;

/**
 * Finds variables whose name looks like a misspelt one of `known`. A variable that is set under its right name, too, is not
 * misspelt.
 *
 * @returns a sentence for each
 */
export function misspeltNames(known: readonly string[], env: Environment): string[] {
  const names = new Set(known);
  const missing = [...names].filter((name) => env[name] === undefined);
  return Object.keys(env)
    .filter((name) => !names.has(name) && !foreign.test(name))
    .toSorted()
    .flatMap((name) => {
      const nearest = nearestOf(name, missing);
      return nearest === undefined
        ? []
        : [`${name} is not a variable of this program. Did you mean ${nearest}?`];
    });
}

/** The name that takes the fewest edits, if it takes one, or two in a long name. */
function nearestOf(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const candidate of known) {
    const allowed = candidate.length < 9 ? 1 : 2;
    if (Math.abs(candidate.length - name.length) > allowed) continue;
    const edits = editsBetween(name.toUpperCase(), candidate);
    if (edits <= allowed && edits < fewest) [nearest, fewest] = [candidate, edits];
  }
  return nearest;
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other.
 *
 * @see https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance (optimal string alignment)
 */
export function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length] ?? 0;
}
