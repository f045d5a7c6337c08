// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { count } from './count';

export const home = {
  title: 'Home',
  inside: 'Who is inside now',
  all_sessions: 'All sessions',
  all_requests: 'All requests',
  health: 'How the gateway is',
  tiles: {
    events: 'Events, last 24 hours',
    worst: { info: 'No warning among them', warning: 'Warnings among them', severe: 'Severe ones among them' },
    warnings: (warning: number, severe: number) =>
      [severe && `${count(severe, 'severe', 'severe')}`, warning && count(warning, 'warning', 'warnings')]
        .filter(Boolean)
        .join(', '),
    log: 'Log',
    log_good: 'Recording',
    log_bad: 'Cannot be written',
    checkpoint: (events: number) => `signed up to ${count(events, 'event', 'events')}`,
    no_checkpoint: 'nothing signed yet',
    ago: (span: string) => `${span} ago`,
    size: (n: number) => count(n, 'event', 'events'),
    confinement: 'Confinement',
    confined: (n: number) => `${count(n, 'process', 'processes')} confined`,
    partly: (n: number, all: number) => `${n} of ${all} confined`,
    mode: (mode: string) => (mode === 'required' ? 'required, so no process starts without it' : `mode ${mode}`),
    component: 'Component',
    processes: 'Processes',
    certificates: 'Certificates and tokens',
    expiring: (n: number) => `${n} about to expire`,
    none_expires: 'None about to expire',
    not_issued: 'One could not be had',
    unfetched: (n: number) => (n === 1 ? '1 revocation source fails' : `${n} revocation sources fail`),
    flawed: (n: number) => `${count(n, 'thing', 'things')} wrong with them`,
    left: (days: number, over: boolean) =>
      over ? 'has expired' : days === 0 ? 'expires within a day' : `expires in ${count(days, 'day', 'days')}`,
    policy: 'Policy',
  },
  plot: {
    title: 'Exchanges and refusals',
    ranges: { '1h': 'Last hour', '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days' } as Record<
      string,
      string
    >,
    range: 'Time shown',
    exchanges: 'Exchanges',
    refused: 'Refused',
    sum: (exchanges: number, refused: number) =>
      `${count(exchanges, 'exchange', 'exchanges')}, ${count(refused, 'refusal', 'refusals')}`,
    at: (time: string, exchanges: number, refused: number) =>
      `${time}: ${count(exchanges, 'exchange', 'exchanges')}, ${count(refused, 'refusal', 'refusals')}`,
    from: 'There are too many events: counted from here on',
    none: 'Nothing was asked of the component in this time.',
  },
  gateway: 'Processes, nodes, certificates and policy in detail',
  ordered: {
    title: (authority: string) => `Ordered from ${authority}`,
    last: 'last attempt',
    none: 'no attempt has ended yet',
    failed: (n: number) => `${count(n, 'attempt', 'attempts')} failed:`,
    renewal: 'renewed',
    again: 'tried again',
    too_late: 'The certificate in use is over before that.',
    advice: (by_tls: boolean) =>
      `It goes on by itself. If the reason stays, see that the gateway reaches the authority, and that the names lead to it (${
        by_tls ? 'port 443, to the support listener' : 'port 80, to challenge_address'
      }); postern cert renew tries at once.`,
  },
  revocations: {
    list: 'List of revoked certificates',
    names: (n: number) => `${n} revoked, `,
    until: (over: boolean) => (over ? 'was good until' : 'good until'),
    fetched: 'fetched',
    failed: 'not fetched:',
  },
  used_but: 'used, but',
  flaw_advice: 'Replace the file and reload; postern cert check says what a browser would say.',
};
