import type { FastifyInstance } from 'fastify';
import { contentTypes, type MetricsFormat } from '../telemetry/metrics/text-format.ts';

export interface MetricsRouteOptions {
  metrics: { render(format: MetricsFormat): Promise<string> };
}

/** The exposition of the metrics, in the format that the scraper prefers. */
export async function metricsRoute(app: FastifyInstance, { metrics }: MetricsRouteOptions): Promise<void> {
  app.get('/metrics', async ({ headers }, reply) => {
    const format = formatFor(headers.accept);
    return reply
      .type(contentTypes[format])
      .header('vary', 'Accept')
      .send(await metrics.render(format));
  });
}

/**
 * OpenMetrics for whoever names it and does not prefer text; text for all others, such as curl and browsers, which
 * accept anything and may not know it. Whoever accepts neither gets text: it is better than an error during an incident.
 *
 * @param accept the header of the request
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
export function formatFor(accept = '*/*'): MetricsFormat {
  const ranges = accept.match(/(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g)?.map(parseRange) ?? [];
  const openMetrics = qualityOf('application/openmetrics-text', '1.0.0', ranges);
  const text = qualityOf('text/plain', '0.0.4', ranges);
  if (openMetrics.quality === 0) return 'text';
  if (openMetrics.quality === text.quality) return openMetrics.isNamed ? 'openmetrics' : 'text';
  return openMetrics.quality > text.quality ? 'openmetrics' : 'text';
}

interface MediaRange {
  /** In lower case. */
  type: string;
  /** Undefined if any will do. */
  version: string | undefined;
  /** From 0, which is not acceptable, to 1. */
  quality: number;
}

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const valueOf = (wanted: string) =>
    parameters
      .map((parameter) => /^([^=\s]+)=(?:"(.*)"|(.*))$/.exec(parameter))
      .flatMap((found) => (found?.[1]?.toLowerCase() === wanted ? [found[2] ?? found[3] ?? ''] : []))[0];
  const quality = valueOf('q') ?? '1';
  return {
    type: type.toLowerCase(),
    version: valueOf('version'),
    // A weight that is none does not speak for the range.
    quality: /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(quality) ? Number(quality) : 0,
  };
}

/** The most specific range that matches a media type decides, wherever it stands. */
function qualityOf(
  mediaType: string,
  mediaVersion: string,
  ranges: readonly MediaRange[],
): { quality: number; isNamed: boolean } {
  const [group = ''] = mediaType.split('/');
  const precedence = [
    ({ type, version }: MediaRange) => type === mediaType && version === mediaVersion,
    ({ type, version }: MediaRange) => type === mediaType && version === undefined,
    ({ type }: MediaRange) => type === `${group}/*`,
    ({ type }: MediaRange) => type === '*/*',
  ];
  for (const [index, matches] of precedence.entries()) {
    const found = ranges.filter(matches);
    if (found.length > 0)
      return { quality: Math.max(...found.map(({ quality }) => quality)), isNamed: index < 2 };
  }
  return { quality: 0, isNamed: false };
}
