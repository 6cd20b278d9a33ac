import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * Every violation of accessibility on a page, with its first element. The page's context needs `bypassCSP`, because the policies
 * of our pages would refuse the checker, too.
 *
 * @param rules limits the check to these
 */
export async function axeViolations(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe.source);
  const options = rules ? `{ runOnly: ${JSON.stringify(rules)} }` : '{}';
  const results: AxeResults = await page.evaluate(`axe.run(${options})`);
  return results.violations.map(({ id, nodes }) => `${id} (${nodes.length}) ${nodes[0]?.html.slice(0, 200)}`);
}
