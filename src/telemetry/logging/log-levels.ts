import { hidesErrors, type LogComponent, type LogFilter, type LogLevel } from '../../config/log-filter.ts';
import { outsideRequests } from '../../async-context.ts';
import type { Logger } from './logger.ts';

export interface EffectiveLevel {
  level: LogLevel;
  /** ISO time at which the level reverts to the one before. */
  until?: string;
}

const withoutErrors =
  'the log level leaves out errors, so that the alert ErrorsLogged, which counts the written ones, does not fire for them: the level error has all';

/** Log levels that an operator can change at run time, for all components or for one. */
export interface LogLevels {
  /** The logger of a component: always the same one for a name. */
  component(name: LogComponent): Logger;
  /** Takes effect at once. With `minutes` the level reverts after that time, unless a later call replaces it. */
  set(change: { level: LogLevel; component?: LogComponent; minutes?: number }): void;
  /** The same for several levels at once: that of all first, then those of components. */
  apply(filter: LogFilter, minutes?: number): void;
  /** The level of lines without a component, and that of each component. */
  current(): EffectiveLevel & { components: Record<string, EffectiveLevel> };
}

interface Adjustable {
  logger: Logger;
  /** The level to which a timed change reverts. */
  lasting: string;
  until?: Date;
  revert?: NodeJS.Timeout;
}

/**
 * Levels that leave out errors are warned of, at the start and at each change.
 *
 * Every component has its own pino logger with its own level, so a line below it costs one empty function call.
 *
 * @param initial the levels of components that do not begin with the level of the root
 */
export function createLogLevels(root: Logger, initial: LogFilter['components'] = {}): LogLevels {
  const everything: Adjustable = { logger: root, lasting: root.level };
  const components = new Map<string, Adjustable>();

  function ensure(name: LogComponent): Adjustable {
    let known = components.get(name);
    if (known === undefined) {
      const logger = root.child({ component: name });
      // Sets its own level, or it would follow the root's.
      logger.level = initial[name] ?? root.level;
      known = { logger, lasting: logger.level };
      components.set(name, known);
    }
    return known;
  }

  function warnOf(filter: LogFilter): void {
    // A level of its own, because the new one may leave out warnings, too.
    if (hidesErrors(filter))
      root.child({}, { level: 'warn' }).warn({ event: 'config.warning' }, withoutErrors);
  }
  warnOf({ level: root.level as LogLevel, components: initial });

  const wanted = (name: LogComponent | undefined): Adjustable[] =>
    name === undefined ? [everything, ...components.values()] : [ensure(name)];

  return {
    component: (name) => ensure(name).logger,
    set({ level, component, minutes }) {
      for (const each of wanted(component)) change(each, level, minutes);
      warnOf({ level, components: {} });
    },
    apply(filter, minutes) {
      if (filter.level !== undefined)
        for (const each of wanted(undefined)) change(each, filter.level, minutes);
      for (const [name, level] of Object.entries(filter.components))
        change(ensure(name as LogComponent), level, minutes);
      warnOf(filter);
    },
    current: () => ({
      ...effectiveLevel(everything),
      components: Object.fromEntries([...components].map(([name, each]) => [name, effectiveLevel(each)])),
    }),
  };
}

function change(adjustable: Adjustable, level: LogLevel, minutes: number | undefined): void {
  clearTimeout(adjustable.revert);
  delete adjustable.revert;
  delete adjustable.until;
  adjustable.logger.level = level;
  if (minutes === undefined) {
    adjustable.lasting = level;
    return;
  }
  const wait = minutes * 60_000;
  adjustable.until = new Date(Date.now() + wait);
  const revert = () => {
    adjustable.logger.level = adjustable.lasting;
    delete adjustable.revert;
    delete adjustable.until;
  };
  adjustable.revert = outsideRequests(() => setTimeout(revert, wait).unref());
}

function effectiveLevel({ logger, until }: Adjustable): EffectiveLevel {
  return { level: logger.level as LogLevel, ...(until && { until: until.toISOString() }) };
}
