// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { count } from './count';

export const when = {
  label: 'Time',
  any: 'Any time',
  spans: { '1h': 'Last hour', '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days' } as Record<
    string,
    string
  >,
  custom: 'From … to …',
  from: 'From (your time zone)',
  to: 'To (your time zone)',
};

export const filters = {
  label: 'Filter',
  apply: 'Apply',
  clear: 'Clear filters',
};

export const log = {
  says: 'Everything that happened, in the order of the log. Nothing here can be changed, by anybody.',
  severity: 'Severity',
  at_least: { info: 'All', warning: 'Warnings and severe', severe: 'Severe only' } as Record<string, string>,
  family: 'About',
  any_family: 'Everything',
  families: {
    session: 'Sessions',
    exchange: 'Exchanges',
    'exchange.refused': 'Exchanges: refused',
    'exchange.changed': 'Exchanges: changes',
    limit: 'Limits',
    permission: 'Permissions',
    request: 'Requests',
    proposal: 'Proposed changes',
    grant: 'Grants',
    hold: 'Calls that waited',
    engineer: 'Engineers',
    pass: 'Passes',
    admin: 'Administrators',
    policy: 'Policy',
    config: 'Configuration',
    gateway: 'Gateway',
    role: 'Processes',
    sandbox: 'Confinement',
    node: 'Component nodes',
    link: 'Line to Mission Control',
    log: 'Log',
  } as Record<string, string>,
  text: 'Text',
  session: 'Session',
  actor: 'Who',
  live: 'Follow live',
  following: 'New events appear at the top.',
  arrived: (n: number) => `Show ${count(n, 'new event', 'new events')}`,
  older: 'Older events',
  further: 'Look further back',
  nothing_here: 'Nothing that fits in this part of the log.',
  end: 'That is all.',
  empty: 'No events yet.',
  nothing_found: 'No event fits.',
};

export const event = {
  title: 'Event',
  back: 'All events',
  raw: 'Raw event',
  links: 'Leads to',
  open: 'Open',
  time: 'Time',
  type: 'Type',
  severity: 'Severity',
  actor: 'Who',
  subject: 'About',
  outcome: 'Outcome',
  index: 'Place in the log',
  id: 'Id',
  policy: 'Policy in force',
  detail: 'Detail',
  proof: 'Download proof (.tlog-proof)',
  to: {
    session: 'Session',
    request: 'Request',
    grant: 'Grant',
    capability: 'Permission',
    engineer: 'Engineer',
    forwarded: 'Event of its begin',
    part_of: 'Event it belongs to',
    hold: 'Events of this call',
    self: 'This event alone',
  },
};
