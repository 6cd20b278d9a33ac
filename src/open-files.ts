import { StartupError } from './errors.ts';

/** What the service may open at the same time, besides files and connections of its own. */
export interface Demand {
  /** Connections of clients to the API, and of operators to the admin listener. */
  api: number;
  admin: number;
  /** Connections to Postgres and to the dependencies of the domain. */
  database: number;
  dependencies: number;
}

/** Connections that the two listeners accept. */
export interface Shares {
  api: number;
  admin: number;
  /** Open files that it would take to grant everything, if they are more than there are. */
  wanted?: number;
}

/** Log, modules, documents, exporters, Redis, and connections on which statements are cancelled. */
const own = 64;
/** Connections to the admin listener that are kept free even when files are scarce: probes and one or two operators. */
const leastAdmin = 16;

/**
 * Shares out the open files that the process may have. Without it, clients alone can use them up, and then nothing works:
 * neither the probes nor Postgres nor a dependency. So clients get what the others leave.
 *
 * A request needs at most one connection to a dependency for each one of its client, so few of the former are needed for few
 * of the latter.
 *
 * @param limit of open files (`ulimit -n`)
 * @throws {StartupError} when there are too few for a single client
 */
export function shareOpenFiles(limit: number, demand: Demand): Shares {
  const { api, admin, database, dependencies } = demand;
  const wanted = own + api + admin + database + dependencies;
  if (limit >= wanted) return { api, admin };
  const rest = limit - own - database - Math.min(admin, leastAdmin);
  const granted = Math.min(api, Math.max(rest - dependencies, Math.floor(rest / 2)));
  if (granted < 1) {
    throw new StartupError(
      `The process may open ${limit} files, and needs at least ${own + database + leastAdmin + 2} (${wanted} for the configured limits). Raise the limit, with \`ulimit -n\` for example.`,
    );
  }
  return { api: granted, admin: Math.min(admin, leastAdmin), wanted };
}

/** The limit of open files of this process; infinite where the system has none. Node has raised it as far as allowed. */
export function openFilesLimit(): number {
  // Without it, the report looks up the names of all peers. The types lack it.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = Number(report.userLimits?.open_files?.soft ?? Number.NaN);
  return Number.isNaN(soft) ? Infinity : soft;
}
