import { count, numberOf, rate } from './format.ts';
import { h, reconcile, setAttribute, setText } from './h.ts';
import type { Live } from './live.ts';

interface Beat {
  key: string;
  tone: 'ok' | 'bad' | 'warn' | 'quiet';
  text: string;
  href: string;
  title: string;
}

/** The state that every view shows: the service, the faults, the traffic and the Collector. */
export function showPulse(element: HTMLElement, live: Live): void {
  const show = () =>
    reconcile(element, beatsOf(live), {
      key: ({ key }) => key,
      create: (beat) => {
        const item = h('li', {}, h('a', {}));
        paint(item, beat);
        return item;
      },
      update: paint,
    });
  live.subscribe(show, new AbortController().signal);
}

function paint(item: HTMLElement, { tone, text, href, title }: Beat): void {
  const link = item.querySelector('a');
  if (!link) return;
  setText(link, text);
  link.className = `beat ${tone}`;
  link.setAttribute('href', href);
  setAttribute(link, 'title', title);
}

function beatsOf({ latest, failure }: Live): Beat[] {
  if (failure !== '' || latest === undefined) {
    const text = failure === '' ? 'connecting' : failure;
    return [{ key: 'service', tone: failure === '' ? 'quiet' : 'bad', text, href: '/', title: text }];
  }
  const fault = latest.faults.find(({ to }) => to === undefined);
  const { collector, alerts, traffic, service, serviceName } = latest;
  const name = serviceName || 'service';
  const states = { up: `${name} up`, down: `${name} down`, unknown: 'no service yet' };
  return [
    {
      key: 'service',
      tone: service === 'up' ? 'ok' : service === 'down' ? 'bad' : 'quiet',
      text: states[service],
      href: '/',
      title: "Whether the service's metrics can be read",
    },
    {
      key: 'faults',
      tone: fault ? 'bad' : 'quiet',
      text: fault ? `fault: ${fault.label}` : 'no fault set',
      href: '/faults',
      title: fault?.label ?? 'The gateway and the network work normally',
    },
    ...(alerts.firing + alerts.pending > 0
      ? [
          {
            key: 'alerts',
            tone: alerts.firing > 0 ? ('bad' as const) : ('warn' as const),
            text:
              alerts.firing > 0
                ? `${count(alerts.firing)} ${alerts.firing === 1 ? 'alert' : 'alerts'}`
                : `${count(alerts.pending)} pending ${alerts.pending === 1 ? 'alert' : 'alerts'}`,
            href: '/alerts',
            title: `${count(alerts.firing)} firing, ${count(alerts.pending)} pending`,
          },
        ]
      : []),
    {
      key: 'traffic',
      tone: traffic.rate > 0 ? 'ok' : 'quiet',
      text: traffic.rate > 0 ? `traffic ${rate(traffic.rate)}/s` : 'no traffic',
      href: '/traffic',
      title: 'Requests that the console sends to the service',
    },
    ...(collector
      ? [
          {
            key: 'collector',
            tone: collector.failure === undefined ? ('quiet' as const) : ('warn' as const),
            text: collector.failure === undefined ? 'collector' : 'collector: failing',
            href: '/',
            title:
              `Forwarded to your Collector: ${numberOf(collector.sent, 'request')}; ${count(collector.waiting)} waiting, ` +
              `${count(collector.dropped)} dropped. ${collector.failure ?? ''}`,
          },
        ]
      : []),
  ];
}
