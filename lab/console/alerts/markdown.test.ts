import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Block, blocksOf, type Inline, inlinesOf } from '../page/markdown.ts';

const folder = 'docs/runbooks';
const pages = (await readdir(folder)).filter((name) => name.endsWith('.md'));

const textOf = (inlines: readonly Inline[]): string => inlines.map(({ text }) => text).join('');

function contentsOf(block: Block): Inline[] {
  switch (block.kind) {
    case 'heading':
    case 'paragraph':
      return block.content;
    case 'code':
      return [];
    case 'list':
      return block.items.flat();
    case 'table':
      return [...block.head, ...block.rows.flat()].flat();
    default:
      return block satisfies never;
  }
}

test.each(pages)('the runbook %s has no markup left in its text', async (name) => {
  const blocks = blocksOf(await readFile(path.join(folder, name), 'utf8'));
  expect(blocks[0]).toMatchObject({ kind: 'heading', level: 1 });
  const texts = blocks.flatMap(contentsOf).filter(({ kind }) => kind === 'text');
  expect(texts.filter(({ text }) => /`|\*\*|\]\(|^#|\|\s*-/.test(text))).toEqual([]);
});

test('blocks keep what they say', () => {
  const text = [
    '# Title',
    'One `a|b` and **two**,',
    'then [a page](other.md#part).',
    '',
    '1. first',
    '   goes on',
    '2. second',
    '',
    '| a | b |',
    '|---|---|',
    String.raw`| 1 | x\|y |`,
    '```sh',
    '# not a heading',
    '',
    'echo <b>',
    '```',
    'End',
  ].join('\n');
  expect(blocksOf(text)).toEqual([
    { kind: 'heading', level: 1, content: [{ kind: 'text', text: 'Title' }] },
    {
      kind: 'paragraph',
      content: [
        { kind: 'text', text: 'One ' },
        { kind: 'code', text: 'a|b' },
        { kind: 'text', text: ' and ' },
        { kind: 'strong', text: 'two' },
        { kind: 'text', text: ', then ' },
        { kind: 'link', text: 'a page', target: 'other.md#part' },
        { kind: 'text', text: '.' },
      ],
    },
    {
      kind: 'list',
      isOrdered: true,
      items: [[{ kind: 'text', text: 'first goes on' }], [{ kind: 'text', text: 'second' }]],
    },
    {
      kind: 'table',
      head: [[{ kind: 'text', text: 'a' }], [{ kind: 'text', text: 'b' }]],
      rows: [[[{ kind: 'text', text: '1' }], [{ kind: 'text', text: 'x|y' }]]],
    },
    { kind: 'code', language: 'sh', text: '# not a heading\n\necho <b>' },
    { kind: 'paragraph', content: [{ kind: 'text', text: 'End' }] },
  ]);
});

test('any text is read to its end', () => {
  const pieces = [
    '#',
    '# ',
    '|',
    '- ',
    '1. ',
    '\n',
    '\n\n',
    '`',
    '**',
    '_',
    '[',
    '](',
    ')',
    '<',
    'word',
    ' ',
  ];
  const words = (text: string) => text.match(/word/g)?.length ?? 0;
  const texts = fc
    .array(fc.constantFrom(...pieces), { maxLength: 40 })
    .map((parts) => parts.join(''))
    // Behind the fence of a code block stands a language, which is not shown.
    .filter((text) => !/^```/m.test(text));
  fc.assert(
    fc.property(texts, (text) => {
      const kept = blocksOf(text)
        .flatMap(contentsOf)
        .map((each) => each.text + (each.kind === 'link' ? each.target : ''));
      expect(words(kept.join(' '))).toBe(words(text));
    }),
  );
  expect(blocksOf('```sh\nno end')).toEqual([{ kind: 'code', language: 'sh', text: 'no end' }]);
});

test('a name with underscores is no emphasis', () => {
  expect(textOf(inlinesOf('http_requests_total and _this_'))).toBe('http_requests_total and this');
  expect(inlinesOf('a_b_c')).toEqual([{ kind: 'text', text: 'a_b_c' }]);
});
