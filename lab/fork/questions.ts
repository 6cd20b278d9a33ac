import { createInterface } from 'node:readline/promises';
import { ForkError } from './fork-error.ts';
import { UnfitName } from './names.ts';

export interface Question<T> {
  text: string;
  /** What an empty answer means, and a command without a terminal. Default: the answer is needed. */
  otherwise?: string | undefined;
  /** Understands an answer. @throws {ForkError | UnfitName} with one line that says what would do */
  read(answer: string): T | Promise<T>;
}

export interface Questions {
  /** Whether somebody is there to ask. */
  atTerminal: boolean;
  /**
   * Takes what the command line has. Otherwise asks, where there is a terminal, and again until the answer will do.
   *
   * @param given by an option of the command line: a wrong one is not asked for again, because a script may have written it
   * @throws {ForkError | UnfitName}
   */
  ask<T>(given: string | undefined, question: Question<T>): Promise<T>;
  /** Gives the terminal back. */
  close(): void;
}

/**
 * @param signal ends a question that waits for its answer
 * @param interrupt called for Ctrl-C, and for Ctrl-D, after which a question would wait for ever
 */
export function createQuestions(signal: AbortSignal, interrupt: () => void): Questions {
  const terminal =
    process.stdin.isTTY && process.stdout.isTTY
      ? createInterface({ input: process.stdin, output: process.stdout })
      : undefined;
  terminal?.on('SIGINT', interrupt).once('close', interrupt);
  return {
    atTerminal: terminal !== undefined,
    async ask<T>(given: string | undefined, { text, otherwise, read }: Question<T>): Promise<T> {
      if (given !== undefined) return read(given);
      if (terminal === undefined) {
        if (otherwise !== undefined) return read(otherwise);
        throw new ForkError(`${text} is missing. See npm run fork -- --help.`);
      }
      for (;;) {
        const prompt = `${text}${otherwise === undefined ? '' : ` [${otherwise}]`}: `;
        const answer = (await terminal.question(prompt, { signal })).trim();
        try {
          return await read(answer || (otherwise ?? ''));
        } catch (error) {
          if (!(error instanceof ForkError || error instanceof UnfitName)) throw error;
          process.stdout.write(`${error.message}\n`);
        }
      }
    },
    close() {
      terminal?.off('close', interrupt).close();
    },
  };
}
