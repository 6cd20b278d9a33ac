/** What the console reads, besides the telemetry that it receives. */
export interface Targets {
  apiUrl: string;
  /** The API key of the console. The page never sees it. */
  apiKey: string;
  metricsUrl: string;
  /** URL of the simulator; omitted for a real gateway, which has no faults to set. */
  gatewayUrl?: string | undefined;
  /** URL of the service's database, for the list of orders; omitted, the list has the orders of the API key's client. */
  databaseUrl?: string | undefined;
}
