// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Mission Control's page says that the console does not, and what both say and this one says differently. Comes before
// every other part of the page.
import { count } from '../text/count';
import { words } from '../text';

words.product = 'Mission Control';
words.tagline = 'Installations, and who looks after them.';
words.page_title = (_pending, page, subject) => `${subject ? `${subject} · ` : ''}${page} · Mission Control`;
words.read_only_role = 'You are signed in as a viewer: you can read everything here and change nothing.';
words.lost = 'The connection to Mission Control is lost. What you see may be out of date; trying again by itself.';
Object.assign(words.problem, {
  unreachable: 'Mission Control did not answer',
  unreadable: 'Mission Control’s answer could not be read',
  status: (status: number) => `Mission Control answered ${status}`,
});
Object.assign(words.sign_in, {
  title: 'Sign in to Mission Control',
  first: 'The first administrator’s password was printed once by “mission-control init”.',
  lost: 'Lost your app and your codes? Another administrator can help, or “mission-control person reset-second-factor” on the server.',
});
Object.assign(words.account, {
  must_enroll:
    'Mission Control wants more than a password. Add a passkey or an authenticator app here; if you have a passkey already, sign out and use it.',
});
words.account.recovery.file = (name) => `Recovery codes of ${name} for Mission Control`;
Object.assign(words.admins, {
  title: 'People',
  says: 'Who of the vendor may use this page. A viewer reads; an operator also enrols and retires installations; an administrator decides about people too.',
  lock_will: (name: string) => `${name} can no longer sign in, and is signed out at once.`,
});
words.invitation.says = (name, role) => `to Mission Control, as ${role}, under the name ${name}.`;
Object.assign(words.not_found, { says: 'The address names nothing that Mission Control has.', back: 'Back to the fleet' });

export const w = {
  nav: { fleet: 'Fleet', enrolment: 'Enrolment', events: 'Events', people: 'People', server: 'Server' },
  states: { new: 'New', up: 'Up', late: 'Late', retired: 'Retired' },
  state_says: {
    new: 'enrolled, and never listened',
    up: 'its line is open',
    late: 'its line is down',
    retired: 'ended by the vendor',
  },
  installation: 'Installation',
  customer: 'Customer',
  state: 'State',
  version: 'Version',
  heard: 'Last heard',
  since: 'since',
  never: 'never',
  contested: 'connected twice',

  fleet: {
    title: 'Fleet',
    says: 'Every installation that has enrolled, and whether its line is open.',
    counts: 'How many are in which state',
    search: 'Customer or id',
    any_state: 'All states',
    any_version: 'All versions',
    any_health: 'Any health',
    unknown: 'not told',
    load: 'Utilisation',
    short: { cpu: 'CPU', memory: 'mem', storage: 'disk' },
    sort: 'Sort by',
    sorts: { customer: 'Customer', state: 'State, late first', health: 'Health, worst first', load: 'Utilisation, fullest first', version: 'Version, oldest first', heard: 'Last heard' },
    empty: 'No installation has enrolled yet. Make a code under Enrolment, and give it to the customer’s administrator.',
    to_enrolment: 'To Enrolment',
    nothing: 'No installation fits the filter.',
    more: (n: number) => `Show ${count(n, 'more', 'more')}`,
    shown: (shown: number, all: number) => `${shown.toLocaleString()} of ${count(all, 'installation', 'installations')}`,
  },

  alerts: {
    title: (n: number) => count(n, 'alert', 'alerts'),
    severities: { warning: 'Warning', severe: 'Severe' },
    by: 'taken on by',
    acknowledge: 'Take it on',
    acknowledge_one: (what: string) => `Take it on: ${what}`,
    done: 'It is yours now.',
  },

  measures: {
    title: 'Health and utilisation',
    none: 'It has told nothing of its health: its customer does not share that, or its component is not asked.',
    spans: { days: 'Two days', year: 'A year' },
    span_label: 'How far back',
    names: { cpu: 'CPU', memory: 'Memory', storage: 'Storage', availability: 'Availability', processing: 'Processing' },
    says: (name: string, least: number, newest: number, most: number) =>
      `${name} ${newest.toLocaleString(undefined, { maximumFractionDigits: 1 })} % (${least.toLocaleString(undefined, { maximumFractionDigits: 1 })} to ${most.toLocaleString(undefined, { maximumFractionDigits: 1 })})`,
    history: 'History of health',
    history_of: (n: number) => `The newest ${count(n, 'row', 'rows')}`,
    older: 'Older ones',
    time: 'Time',
    nodes: 'Nodes up',
  },

  usage: {
    title: 'Usage',
    none: 'It has told nothing of what was used.',
    per: { day: 'By day', hour: 'By hour' },
    per_label: 'How it is summed up',
    csv: 'All of it as CSV',
    when: { day: 'Day', hour: 'Hour' },
    sessions: 'Sessions',
    read: 'Read',
    write: 'Write',
    refused: 'Refused',
    bytes: 'Bytes out',
    component: 'Component',
    partial: 'not counted from its beginning',
  },

  one: {
    standing: 'Standing',
    id: 'Id',
    enrolled: 'Enrolled',
    line: 'Line from',
    life: 'Life',
    events: 'Events kept',
    name: 'Name',
    health: 'Health',
    healths: { ok: 'Ok', warning: 'Warning', critical: 'Critical' },
    health_unknown: 'not told',
    tunnel: 'Tunnel',
    tunnel_open: (n: number) => `open, ${count(n, 'connection', 'connections')}`,
    tunnel_closed: 'closed',
    tunnel_names: 'Reached as',
    log: 'Log',
    log_none: 'not witnessed here',
    log_size: (n: number) => (n === 0 ? 'known, no checkpoint seen yet' : `witnessed up to ${count(n, 'event', 'events')}`),
    log_conflict: 'another history of it was shown,',
    log_offered: 'it says that its log has another key, which nobody has accepted',
    connected_twice: 'This installation was connected twice',
    conflict: (first: string, other: string) =>
      `It was connected from ${first} when another life of it came from ${other} and was refused. One of the two is a copy of the machine: find out which with the customer, retire this installation, and enrol the right one anew.`,
    reports: 'Newest reports',
    no_reports: 'It has reported nothing yet, or its customer shares nothing.',
    kinds: { registration: 'Registration', heartbeat: 'Heartbeat', health: 'Health', usage: 'Usage' } as Record<string, string>,
    received: 'received',
    whole: 'Whole report',
    certificates: 'Certificates',
    serial: 'Serial',
    issued: 'Issued',
    until: 'Valid until',
    first_used: 'First used',
    not_used: 'not used yet',
    in_force: 'in force',
    replaced: 'replaced',
    over: 'over',
    retire: 'Retire',
    retire_title: 'Retire this installation',
    retire_says: 'Its line ends at once and for good. What it reported stays here for as long as events are kept.',
    retire_will: (customer: string) =>
      `The installation of ${customer} can never connect again under this identity. To come back it needs a new code.`,
    retire_type: (id: string) => `Type the last four characters of its id (${id.slice(-4)}) to go on`,
    retire_differs: 'These are not the last four characters of its id.',
    retired: (customer: string) => `The installation of ${customer} is retired.`,
  },

  enrolment: {
    title: 'Enrolment',
    says: 'One code lets one installation in. The customer’s administrator types it at the gateway, once.',
    make: 'New code',
    for_whom: 'Customer',
    for_hint: 'As it is to be called here.',
    lasts: 'Good for',
    spans: { '1d': 'A day', '7d': '7 days', '30d': '30 days', '90d': '90 days' } as Record<string, string>,
    submit: 'Make a code',
    code_title: (customer: string) => `The code for ${customer}`,
    code_once: 'It is good once and shown only now. Hand it over on a way you trust.',
    expires: 'Good until',
    codes: 'Codes',
    empty: 'No code has been made yet.',
    states: { open: 'open', used: 'used', withdrawn: 'withdrawn', expired: 'expired' },
    made: 'made',
    to_installation: 'Installation',
    withdraw: 'Withdraw',
    withdraw_label: (customer: string) => `Withdraw the code for ${customer}`,
    withdrawn: (customer: string) => `The code for ${customer} is withdrawn.`,
  },

  events: {
    title: 'Events',
    says: 'What installations reported, and what Mission Control noticed about them.',
    acts_says: 'What the vendor’s people did here, and from where.',
    tabs: { '/events': 'Installations', '/events/people': 'People' },
    tabs_label: 'Whose events',
    installation: 'Installation (id)',
    type: 'Type',
    type_hint: 'session.opened, or session for all that begin so',
    actor: 'Who',
    empty: 'There is no event yet.',
    nothing: 'No event fits the filter.',
    older: 'Older events',
    end: 'That is all.',
    live: 'Follow live',
    by_us: 'noticed here',
    by_it: 'reported',
    from: 'from',
    raw: 'The whole event',
    of: 'Events',
  },

  server: {
    title: 'Server',
    says: 'How Mission Control itself is.',
    version: 'Version',
    domain: 'Domain',
    started: 'Started',
    connected: 'Lines open',
    listeners: 'Listeners',
    address: 'Address',
    valid_until: 'Certificate until',
    subject: 'Issued to',
    no_certificate: 'has none',
    roles: 'Processes',
    process: 'Process',
    restarts: 'Restarts',
    servers: 'Servers',
    on: 'On',
    here: 'this one',
    store_away: (why: string) => `The store is away, and who shares it is not known: ${why}`,
    log: 'Log of what people did',
    log_says: 'Keep the log’s key where who runs the database cannot change it: mission-control audit verify holds the log against it. Its newest checkpoint:',
    log_not_signed: 'Nothing more is signed:',
    acts: 'Acts',
    acts_signed: 'Under the checkpoint',
    log_key: 'Key of the log',
    witness_key: 'Key as a witness',
    api: 'The API is described at',
  },
};
