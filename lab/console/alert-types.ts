/** The part of the API that is about objectives and alerts. Times are milliseconds since 1970. */

/** What the project's alert rules say now, and its objectives. */
export interface AlertsState {
  now: number;
  source: AlertSource;
  /** The address of a Prometheus that has the rules, too; null if there is none. */
  prometheus: string | null;
  /** Why no Prometheus evaluates the rules; empty if one does. */
  whyNotPrometheus: string;
  rules: AlertRuleSummary[];
  objectives: Objective[];
}

export type AlertSource =
  | { kind: 'prometheus'; url: string }
  | {
      kind: 'console';
      /** Time of the first scrape that the rules know; null before it. */
      since: number | null;
      /** How many times shorter every duration of the rules is. */
      timeScale: number;
      /** Names of the functions that it can evaluate. */
      functions: readonly string[];
      /** Samples that the bound refused. */
      refused: number;
    };

export interface AlertRuleSummary {
  name: string;
  group: string;
  severity: string;
  /** `unevaluated`: nothing can be said, for these reasons. */
  state: 'firing' | 'pending' | 'inactive' | 'unevaluated';
  reasons: readonly string[];
  query: string;
  /** Milliseconds that the condition must hold. */
  holdFor: number;
  /** Templates, with `{{ … }}`. */
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Metrics of senders that the rule reads, directly or through other rules. */
  metrics: readonly string[];
  /** Pages of docs/runbooks; more than one if they differ by a label. */
  runbooks: readonly string[];
  active: readonly ActiveAlert[];
}

/** A condition that holds, for one set of labels. */
export interface ActiveAlert {
  state: 'pending' | 'firing';
  since: number;
  firingSince?: number;
  /** When it fires, if the condition still holds. */
  firesAt?: number;
  /** null if it is not a finite number. */
  value: number | null;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
}

/** A page of docs/runbooks, in Markdown. */
export interface Runbook {
  name: string;
  text: string;
}

export interface Objective {
  name: string;
  /** Share of good events, 0 to 1; null before the first evaluation. */
  target: number | null;
  /** Share of the budget that is left; below 0 if more was spent. null if it is not known, like the rates. */
  left: number | null;
  /** Per second, in the last minutes. */
  events: number | null;
  /** By window, such as `5m`, shortest first. `limit`: the rate at which an alert looks at this window. */
  burnRates: Array<{ window: string; rate: number | null; limits: Array<{ alert: string; rate: number }> }>;
  /** The burn rates of the last hour, by window. */
  times: number[];
  columns: Record<string, Array<number | null>>;
}
