import { messageOf } from './api.ts';
import { h } from './h.ts';
import { firstTraceId } from './otlp-file.ts';
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
    try {
      const content = (await input.files?.[0]?.text()) ?? '';
      const traceId = firstTraceId(content);
      if (traceId === undefined) {
        page.notify('The file has no trace in OTLP JSON.');
        return;
      }
      for (const request of requestsIn(content)) await send(request);
      page.go(`/traces/${traceId}`);
    } catch (error) {
      page.notify(`The file cannot be read: ${messageOf(error)}`);
    } finally {
      input.value = '';
    }
  }

  return h('label', { class: 'upload', title: 'Traces in OTLP JSON' }, 'Open a file', input);
}

/** One request, or one per line, as the Collector's file exporter writes them. */
function requestsIn(content: string): string[] {
  try {
    JSON.parse(content);
    return [content];
  } catch {
    return content.split('\n').filter((line) => line.trim() !== '');
  }
}

async function send(body: string): Promise<void> {
  const response = await fetch('/v1/traces', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!response.ok) throw new Error(`the console answers ${response.status}.`);
}
