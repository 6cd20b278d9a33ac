#!/usr/bin/env bash
# promtool 2.42.0 (Debian 12): a rule test that an alert does not fire passes if no such alert exists.
#
# Surprise: a test that names an alert which none of its rule files has is expected to fail, or to warn. It passes, and the output
# is that of a test which looked at the alert.
# Consequence: renaming an alert, or a slip in its name, switches off every test that it stays silent, and a rule that pages
# for nothing gets through CI.
# What helps: a check of one's own that each name in the tests is that of a rule.
set -euo pipefail
command -v promtool > /dev/null || { echo "missing: promtool (Debian's prometheus)" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
promtool --version 2>&1 | head -n 1
cat > rules.yml <<'YAML'
groups:
  - name: orders
    rules:
      - alert: OrdersFail
        expr: failing_orders > 0
YAML
for name in OrdersFail OrderFails; do
  cat > "$name.yml" <<YAML
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series: [{ series: failing_orders, values: '1x10' }]
    alert_rule_test: [{ eval_time: 5m, alertname: $name, exp_alerts: [] }]
YAML
done
stated='OrdersFail, which fires: the test that it does not fire fails
OrderFails, which does not exist: the test that it does not fire passes'
outcome() { if promtool test rules "$1.yml" > /dev/null 2>&1; then echo passes; else echo fails; fi; }
seen="OrdersFail, which fires: the test that it does not fire $(outcome OrdersFail)
OrderFails, which does not exist: the test that it does not fire $(outcome OrderFails)"
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
