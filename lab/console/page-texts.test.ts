import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const folder = path.join(import.meta.dirname, 'page');
/** `h.ts` shows texts for all others. The colours are set before anything else is loaded, and have texts of their own. */
const exempt: ReadonlySet<string> = new Set(['h.ts', 'theme.ts']);
const direct =
  /(?<!document)\.(textContent|innerText|title|placeholder|ariaLabel) = |createTextNode\((?!visible)|insertAdjacent|setAttribute\(\s*'(title|aria-label|aria-valuetext|placeholder)'|(append|prepend|replaceChildren)\(\s*[`']/;

test('every text of the page is shown by functions that escape what cannot be seen', () => {
  const files = readdirSync(folder).filter((name) => /(?<!\.test)\.ts$/.test(name) && !exempt.has(name));
  expect(files.length).toBeGreaterThan(50);
  const found = files.filter((name) => direct.test(readFileSync(path.join(folder, name), 'utf8')));
  expect(found).toEqual([]);
});
