import type { OpenedFile } from '../api-types.ts';
import { messageOf, request } from './api.ts';
import { h } from './h.ts';
import type { Page } from './view.ts';

/** Reads a file of traces in OTLP JSON, such as the trace view or the Collector's file exporter writes, and opens the first. */
export function createUpload(page: Page): HTMLElement {
  const input = h('input', {
    type: 'file',
    class: 'unseen',
    accept: '.json,.jsonl,application/json',
    'aria-label': 'Open a file of traces (OTLP JSON)',
    on: { change: () => void upload() },
  });

  async function upload(): Promise<void> {
    page.say('');
    try {
      const content = (await input.files?.[0]?.text()) ?? '';
      const opened: Array<string | null> = [];
      for (const part of partsOf(content))
        opened.push((await request<OpenedFile>('POST', '/api/traces', part)).traceId);
      const first = opened.find((traceId) => traceId !== null);
      if (first === undefined) page.say('The file has no trace in OTLP JSON.');
      else page.go(`/traces/${first}`);
    } catch (error) {
      page.say(`The file cannot be read: ${messageOf(error)}`);
    } finally {
      input.value = '';
    }
  }

  return h('label', { class: 'upload', title: 'Traces in OTLP JSON' }, 'Open a file', input);
}

/** One request, or one per line, as the Collector's file exporter writes them. */
function partsOf(content: string): string[] {
  try {
    JSON.parse(content);
    return [content];
  } catch {
    return content.split('\n').filter((line) => line.trim() !== '');
  }
}
