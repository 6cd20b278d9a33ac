import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What one request went through, gathered on the way for its one log line. Names are those of the log fields.
 * Everything that happens for the request, however deep, finds its story without being handed it.
 */
export interface RequestStory {
  request_id: string;
  client_id?: string;
  order_id?: string;
  order_status?: string;
  idempotency?: string;
  payment_outcome?: string;
  payment_attempts?: number;
  payment_ms?: number;
  db_ms?: number;
}

const stories = new AsyncLocalStorage<RequestStory>();

/** Runs `next`, and all that follows from it, as part of the story. */
export function tellStory(story: RequestStory, next: () => void): void {
  stories.run(story, next);
}

export function currentStory(): RequestStory | undefined {
  return stories.getStore();
}
