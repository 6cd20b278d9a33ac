import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/**
 * The contrast that readers with low vision need.
 *
 * @see https://www.w3.org/TR/WCAG22/#contrast-minimum
 */

const sheet = readFileSync(new URL('page/base.css', import.meta.url), 'utf8');

function coloursOf(scheme: 'light' | 'dark'): Record<string, string> {
  const colours = sheet.matchAll(/(--[\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g);
  return Object.fromEntries(
    [...colours].map(([, name = '', light = '', dark = '']) => [name, scheme === 'light' ? light : dark]),
  );
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [brighter = 0, darker = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (brighter + 0.05) / (darker + 0.05);
}

test.each(['light', 'dark'] as const)(
  'in the %s scheme text reaches 4.5:1, lines and marks 3:1',
  (scheme) => {
    const colours = coloursOf(scheme);
    const tooWeak: string[] = [];
    const demand = (ratio: number, names: readonly string[], grounds: readonly string[]) => {
      for (const name of names) {
        for (const ground of grounds) {
          const reached = contrast(colours[name] ?? '', colours[ground] ?? '');
          if (!(reached >= ratio)) tooWeak.push(`${name} on ${ground}: ${reached.toFixed(2)}`);
        }
      }
    };
    const grounds = ['--ground', '--raised', '--sunken', '--selected'];
    demand(4.5, ['--text', '--muted', '--accent', '--ok', '--warn', '--bad'], grounds);
    demand(4.5, ['--text'], ['--closed', '--half-open', '--open', '--fault']);
    demand(4.5, ['--on-accent'], ['--accent']);
    demand(
      3,
      ['--blue', '--teal', '--violet', '--amber', '--red', '--green', '--grey', '--edge', '--dot'],
      ['--ground', '--raised'],
    );
    expect(tooWeak).toEqual([]);
  },
);
