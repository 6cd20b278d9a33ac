import { ServiceError } from '../../errors.ts';
import type { Logger } from './logger.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LevelInForce {
  level: LogLevel;
  /** When it goes back to what it was before, as an ISO time. */
  until?: string;
}

/** Levels that can be changed while the process runs, for everything or for one component. */
export interface LogLevels {
  /** The logger of a component; the same one for the same name. */
  component(name: string): Logger;
  /**
   * In force at once. With `minutes` it goes back by itself; whatever is set later replaces that.
   *
   * @throws {ServiceError} `invalid_request` when there is no such component
   */
  set(change: { level: LogLevel; component?: string; minutes?: number }): void;
  /** That of everything that belongs to no component, and those of the components. */
  current(): LevelInForce & { components: Record<string, LevelInForce> };
}

interface Adjustable {
  logger: Logger;
  /** The level to go back to. */
  lasting: string;
  until?: Date;
  wayBack?: NodeJS.Timeout;
}

/** Each logger knows its own level, as pino's do: a line that is not written costs one empty function call. */
export function createLogLevels(root: Logger): LogLevels {
  const everything: Adjustable = { logger: root, lasting: root.level };
  const components = new Map<string, Adjustable>();

  function wanted(name: string | undefined): Adjustable[] {
    if (name === undefined) return [everything, ...components.values()];
    const component = components.get(name);
    if (component) return [component];
    // The name is not repeated: whatever was sent is no part of an answer.
    const known = [...components.keys()].join(', ');
    throw new ServiceError('invalid_request', `There is no such component; there are: ${known}.`);
  }

  return {
    component(name) {
      let known = components.get(name);
      if (known === undefined) {
        const logger = root.child({ component: name });
        // A level of its own, or it would follow the root's.
        logger.level = root.level;
        known = { logger, lasting: root.level };
        components.set(name, known);
      }
      return known.logger;
    },
    set({ level, component, minutes }) {
      for (const each of wanted(component)) change(each, level, minutes);
    },
    current: () => ({
      ...inForce(everything),
      components: Object.fromEntries([...components].map(([name, each]) => [name, inForce(each)])),
    }),
  };
}

function change(adjustable: Adjustable, level: LogLevel, minutes: number | undefined): void {
  clearTimeout(adjustable.wayBack);
  delete adjustable.wayBack;
  delete adjustable.until;
  adjustable.logger.level = level;
  if (minutes === undefined) {
    adjustable.lasting = level;
    return;
  }
  const wait = minutes * 60_000;
  adjustable.until = new Date(Date.now() + wait);
  adjustable.wayBack = setTimeout(() => {
    adjustable.logger.level = adjustable.lasting;
    delete adjustable.wayBack;
    delete adjustable.until;
  }, wait).unref();
}

function inForce({ logger, until }: Adjustable): LevelInForce {
  return { level: logger.level as LogLevel, ...(until && { until: until.toISOString() }) };
}
