import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { type OpenApiDocument, referencePage } from './reference-page.ts';

const example = { title: 'The children\'s hour & "more"', cost: '$5' };
const document: OpenApiDocument = {
  info: { title: 'Things', version: '1.0.0' },
  paths: {
    '/things/{id}': {
      put: { summary: 'Change a thing', requestBody: { content: { 'application/json': { example } } } },
    },
  },
};

test('the example request of an operation sends its example, whatever the shell makes of its characters', () => {
  const [, markup = ''] = /<pre[^>]*>([^]*?)<\/pre>/.exec(referencePage(document, '$API_KEY')) ?? [];
  const entities: Readonly<Record<string, string>> = {
    '&amp;': '&',
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
  };
  const command = markup.replaceAll(/&(?:amp|lt|gt|quot);/g, (entity) => entities[entity] ?? entity);
  const script = `curl() { printf '%s\\n' "$@"; }; URL=http://host id=7 API_KEY=key\n${command}`;
  const said = execFileSync('sh', ['-c', script], { encoding: 'utf8', stdio: 'pipe' }).trimEnd().split('\n');
  expect(said).toContain('http://host/things/7');
  expect(said).toContain('authorization: Bearer key');
  expect(said.at(-1)).toBe(JSON.stringify(example));
});
