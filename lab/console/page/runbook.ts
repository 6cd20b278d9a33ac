import type { Runbook } from '../alert-types.ts';
import { call, query } from './api.ts';
import { copyButton } from './copy-button.ts';
import { h } from './h.ts';
import { type Block, blocksOf, type Inline } from './markdown.ts';
import { visible } from './visible.ts';

/** A runbook as elements. @throws {ApiError} */
export async function loadRunbook(name: string): Promise<HTMLElement> {
  const { text } = await call<Runbook>('GET', `/api/runbooks/${encodeURIComponent(name)}`);
  return h('article', { class: 'runbook', 'aria-label': 'Runbook' }, ...blocksOf(text).map(elementOf));
}

function elementOf(block: Block): HTMLElement {
  switch (block.kind) {
    case 'heading':
      // The page has the first level, and the section that the runbook stands in the second.
      return h(block.level === 1 ? 'h3' : 'h4', {}, ...block.content.map(inlineOf));
    case 'paragraph':
      return h('p', {}, ...block.content.map(inlineOf));
    case 'code':
      return codeOf(block);
    case 'list':
      return h(
        block.isOrdered ? 'ol' : 'ul',
        {},
        ...block.items.map((item) => h('li', {}, ...item.map(inlineOf))),
      );
    case 'table':
      return h(
        'div',
        { class: 'scrolled', role: 'group', 'aria-label': 'Table', tabindex: 0 },
        h(
          'table',
          { class: 'outcomes' },
          h('thead', {}, h('tr', {}, ...block.head.map((cell) => h('th', {}, ...cell.map(inlineOf))))),
          h(
            'tbody',
            {},
            ...block.rows.map((row) => h('tr', {}, ...row.map((cell) => h('td', {}, ...cell.map(inlineOf))))),
          ),
        ),
      );
    default:
      return block satisfies never;
  }
}

function inlineOf(part: Inline): Node {
  switch (part.kind) {
    case 'text':
      return document.createTextNode(visible(part.text));
    case 'code':
      return h('code', {}, part.text);
    case 'strong':
      return h('strong', {}, part.text);
    case 'emphasis':
      return h('em', {}, part.text);
    case 'link':
      return linkOf(part.text, part.target);
    default:
      return part satisfies never;
  }
}

/** Other runbooks open here, and addresses of the web in another tab. Other files are named. */
function linkOf(text: string, target: string): HTMLElement {
  const [, runbook] = /^([a-z0-9-]+)\.md(?:#.*)?$/.exec(target) ?? [];
  if (runbook !== undefined) return h('a', { href: `/alerts${query({ runbook })}` }, text);
  if (/^https?:\/\//.test(target)) return externalLink(text, target);
  return h('span', {}, `${text} (`, h('code', {}, target.replace(/^\.\.\//, 'docs/')), ')');
}

/** A link that leaves the page. Only for addresses that begin with `http`. */
export function externalLink(text: string, href: string): HTMLElement {
  return h('a', { href, target: '_blank', rel: 'noreferrer' }, text);
}

/** Code, with links to what it asks for as far as the console has it. */
function codeOf({ language, text }: Extract<Block, { kind: 'code' }>): HTMLElement {
  return h(
    'div',
    { class: 'code' },
    h(
      'pre',
      { tabindex: 0, role: 'group', 'aria-label': `Code: ${language || 'text'}` },
      h('code', {}, text),
    ),
    h(
      'div',
      { class: 'buttons' },
      ...linksOf(language, text),
      copyButton('Copy', () => text),
    ),
  );
}

function linksOf(language: string, text: string): HTMLElement[] {
  if (language === 'promql') {
    // A name that is followed by labels or a window.
    const names = [...text.matchAll(/\b([a-z][\w:]*)(?=[{[])/g)].map(([, name = '']) =>
      name.replace(/_(?:bucket|count|sum)$/, ''),
    );
    return [...new Set(names)]
      .filter((name) => !name.includes(':'))
      .map((name) => h('a', { href: `/metrics${query({ name })}` }, name));
  }
  if (language === 'logql') {
    const [, events = ''] = /\bevent=~?"([^"]+)"/.exec(text) ?? [];
    return events
      .split('|')
      .filter((event) => /^[\w.]+$/.test(event))
      .map((event) => h('a', { href: `/logs${query({ event })}` }, event));
  }
  return [];
}
