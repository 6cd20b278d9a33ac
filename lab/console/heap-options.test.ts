import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { consoleScript } from './heap-options.ts';

test('npm run console starts it with the options that npm start gives it', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
  expect(scripts).toHaveProperty('console', consoleScript);
});
