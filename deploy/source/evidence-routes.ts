import { parse, Scalar } from 'yaml';

/**
 * The routes of the stack's Alertmanager that ask for evidence, as the Prometheus Operator has them.
 *
 * @see https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1alpha1.AlertmanagerConfigSpec
 */

interface Route {
  receiver: string;
  matchers?: string[];
  group_wait?: string;
  group_interval?: string;
  repeat_interval?: string;
}

interface Configuration {
  route: { group_by: string[]; routes: Route[] };
  receivers: { name: string; webhook_configs: { url: string; send_resolved: boolean }[] }[];
}

const receiver = 'http://evidence:7081';

/** @param text alertmanager.yml */
export function evidenceRoutes(text: string): object {
  const { route, receivers } = parse(text) as Configuration;
  const asking = receivers.flatMap(({ name, webhook_configs: [webhook] }) =>
    webhook?.url.startsWith(receiver)
      ? [
          {
            name,
            webhookConfigs: [
              { url: webhook.url.replace(receiver, 'EVIDENCE_WEBHOOKS'), sendResolved: false },
            ],
          },
        ]
      : [],
  );
  const names = new Set(asking.map(({ name }) => name));
  return {
    route: {
      // A route needs one. Alerts that need no evidence end here.
      receiver: 'none',
      groupBy: route.group_by,
      routes: route.routes
        .filter((each) => names.has(each.receiver))
        .map((each) => ({
          receiver: each.receiver,
          matchers: (each.matchers ?? []).map(matcher),
          groupWait: each.group_wait,
          groupInterval: each.group_interval,
          repeatInterval: each.repeat_interval,
        })),
    },
    receivers: [{ name: 'none' }, ...asking],
  };
}

function matcher(text: string): object {
  const [, name, matchType, value] = /^(\w+)(=~|!~|!=|=)"(.*)"$/.exec(text) ?? [];
  if (name === undefined) throw new TypeError(`${text} is no matcher`);
  return { name, matchType: quoted(matchType), value };
}

/** YAML 1.1 has a type of its own for a plain `=`, at which PyYAML and what is made with it end. */
function quoted(text: string | undefined): Scalar {
  const scalar = new Scalar(text);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}
