import type { Found } from '../api-types.ts';
import { call, messageOf, query } from './api.ts';
import { find, setAttribute } from './h.ts';
import { hasKeyboard } from './key-hints.ts';

/** One search field for everything: an id opens its trace or order; any other text searches the traces. */
export function listenToSearch(
  form: HTMLFormElement,
  { go, say }: { go(path: string): void; say(message: string): void },
): { focus(): void } {
  const input = find('.search input', HTMLInputElement);
  setAttribute(input, 'placeholder', hasKeyboard() ? 'Find by any id: press /' : 'Find by any id');

  async function lookFor(text: string): Promise<void> {
    try {
      const found = await call<Found>('POST', '/api/find', { text });
      if (found.kind === 'trace') go(`/traces/${found.id}`);
      else if (found.kind === 'order') go(`/orders/${found.id}`);
      else if (looksLikeId(text)) say(found.reason);
      else go(`/traces${query({ text: text.slice(0, 200) })}`);
      if (found.kind !== 'nothing') input.value = '';
    } catch (error) {
      say(messageOf(error));
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === '') return;
    input.blur();
    say('');
    void lookFor(text);
  });
  return {
    focus() {
      input.focus();
      input.select();
    },
  };
}

function looksLikeId(text: string): boolean {
  return /[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-/i.test(text);
}
