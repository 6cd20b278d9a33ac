export interface TroubleOptions {
  say(sentence: string): void;
  /** Sentences for people. */
  began(reason: string): string;
  ended: string;
}

/** Milliseconds without trouble after which a new one is told at once. */
const calm = 60_000;
/** Milliseconds that any other trouble, or another reason, must last until it is told. */
const lasting = 10_000;

/**
 * Tells of something that does not work, and of its end. What fails and works again many times a minute is told once, and again
 * only when it lasts.
 *
 * @returns to be called with the reason after each attempt that failed, and with `undefined` after each that did not
 */
export function createTrouble({ say, began, ended }: TroubleOptions): (reason: string | undefined) => void {
  let present: string | undefined;
  let told: string | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  function tell(): void {
    told = present;
    say(present === undefined ? ended : began(present));
  }

  return (reason) => {
    const now = performance.now();
    const isNew = told === undefined && now - failedAt > calm;
    if (reason !== undefined) failedAt = now;
    if (reason === present) return;
    present = reason;
    clearTimeout(timer);
    if (reason === told) return;
    if (reason === undefined || isNew) tell();
    else timer = setTimeout(tell, lasting).unref();
  };
}
