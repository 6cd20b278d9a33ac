import { escapeText } from '../../src/http/html-text.ts';
import type { Capture } from './captures.ts';

/** The page with the captures, newest first. Nothing on it is interactive, so it needs no script. */
export function capturesPage(captures: readonly Capture[], title: string): string {
  const rows = captures.map(section).join('');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Evidence</title><style>${style}</style></head>
<body><h1>${escapeText(title)}</h1>
<p>Open a <code>.cpuprofile</code> in Chrome (DevTools → Performance → Load profile), in VS Code or in speedscope, and a
<code>.heapprofile</code> under DevTools → Memory.</p>
${rows === '' ? '<p>Nothing was taken yet.</p>' : rows}</body></html>`;
}

function section({ id, kind, target, startedAt, alerts, profile, logLevel, status }: Capture): string {
  const link = (name: string, text: string) =>
    `<a href="/captures/${encodeURIComponent(id)}/${encodeURIComponent(name)}">${escapeText(text)}</a>`;
  const taken =
    profile.kind === 'taken'
      ? `${link(profile.file, profile.file)} (${profile.seconds} s, ${Math.ceil(profile.bytes / 1024)} KiB)
<ol>${profile.hottest.map((line) => `<li>${escapeText(line)}</li>`).join('')}</ol>`
      : `none: ${escapeText(profile.reason)}`;
  const level =
    logLevel.kind === 'raised'
      ? `${escapeText(logLevel.level)} until ${escapeText(logLevel.until)}`
      : `unchanged: ${escapeText(logLevel.reason)}`;
  const names = alerts
    .map(({ name, startsAt }) => `${escapeText(name)}, since ${escapeText(startsAt)}`)
    .join('<br>');
  return `<section id="${escapeText(id)}"><h2>${kind === 'cpu' ? 'CPU' : 'Heap'} of ${escapeText(target)}, ${escapeText(startedAt)}</h2>
<dl><dt>Alerts</dt><dd>${names}</dd><dt>Profile</dt><dd>${taken}</dd><dt>Log level</dt><dd>${level}</dd>
${status === undefined ? '' : `<dt>State</dt><dd>${link(status, status)}</dd>`}</dl></section>`;
}

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}' +
  'h2{font-size:1.1rem}dt{font-weight:600}dd{margin:0 0 .5rem}';
