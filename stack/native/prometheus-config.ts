import { Document, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';

/**
 * Adapts prometheus.yml to processes on this machine. Prometheus expands no variables in addresses, so this edits the parsed
 * file: each `host:port` of the compose stack becomes the given address, and names from Docker's DNS become static targets.
 * Everything else stays as it is.
 *
 * @param addresses by the address in the compose stack; targets without one are not scraped
 */
export function prometheusConfig(
  text: string,
  addresses: Readonly<Record<string, string>>,
  rules: string,
): string {
  const document = parseDocument(text);
  document.set('rule_files', [rules]);
  visit(document, {
    Map(_key, map) {
      const discovery = map.get('dns_sd_configs');
      if (isSeq(discovery)) {
        const targets = discovery.items.flatMap((item) => namesOf(item));
        map.delete('dns_sd_configs');
        map.set('static_configs', new Document([{ targets }]).contents);
      }
    },
  });
  visit(document, {
    Pair(_key, pair) {
      if (!isScalar(pair.key) || pair.key.value !== 'targets' || !isSeq(pair.value)) return;
      pair.value.items = pair.value.items.filter((item) => {
        const address = isScalar(item) ? addresses[String(item.value)] : undefined;
        if (address === undefined || !isScalar(item)) return false;
        item.value = address;
        return true;
      });
    },
  });
  return document.toString();
}

function namesOf(item: unknown): string[] {
  if (!isMap(item)) return [];
  const names = item.get('names');
  return isSeq(names) ? names.items.map((name) => `${String(name)}:${String(item.get('port'))}`) : [];
}
