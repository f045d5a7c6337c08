// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import type { LineStep, MissionLine, ResourceWarning, Verdict } from '../api/types';
import { count } from './count';

export const mission = {
  title: 'Mission Control',
  says: 'The vendor’s Mission Control is told how this installation is. The line is opened from here, and never from there.',
  not_configured: 'No Mission Control is configured. Nothing is told to anybody.',
  configure: 'To have one, add this to postern.yaml, with the address that the vendor gives, and start the gateway anew:',
  example: 'mission_control:\n  url: https://mission.vendor.example\n  folder: /var/lib/postern-line',
  documented: 'docs/MISSION_CONTROL_LINE.md says what is told, and which other settings there are.',
  line: 'The line',
  states: {
    not_enrolled: 'Not enrolled',
    unusable: 'Cannot be used',
    connecting: 'Connecting',
    up: 'Up',
    waiting: 'Waiting',
    refused: 'Refused',
  } as Record<MissionLine['state'], string>,
  since: 'since',
  because: 'because:',
  next: 'Next attempt:',
  attempts: (n: number) => `${count(n, 'attempt', 'attempts')} failed`,
  customer: 'Known there as',
  installation: 'Installation',
  url: 'Address',
  proxy: 'Through the proxy',
  certificate: 'Certificate until',
  issuer: 'Issued by',
  version: 'Its version',
  skew: 'The clocks differ by',
  revocation: 'If nothing says whether its certificate was revoked',
  revocations: { hard: 'it is refused', soft: 'it is taken' },
  waiting: 'Events that wait',
  sent_last: 'Taken last',
  problem: 'What hinders telling',
  tunnel: 'Tunnel',
  tunnel_is: (tunnel: { open: boolean; waiting: number; connected: number }) =>
    tunnel.open ? `open, ${count(tunnel.connected, 'connection', 'connections')}, ${count(tunnel.waiting, 'request waits', 'requests wait')}` : 'closed',
  tunnel_why: 'What hinders the tunnel',
  refused_advice: 'The vendor decides who may come in: ask them. It is tried again by itself, rarely.',
  enrol: {
    title: 'Enrol this installation',
    says: 'The vendor gives you a one-time code. It is sent to Mission Control once, and kept nowhere.',
    code: 'Code from the vendor',
    hint: '20 letters and digits; case, hyphens and blanks do not matter',
    submit: 'Enrol',
    busy: 'Enrolling…',
    done: 'This installation is enrolled.',
    auditor: 'An administrator enrols it, with a one-time code from the vendor.',
  },
  check: {
    title: 'Check',
    submit: 'Check the line',
    busy: 'Checking…',
    none: 'Not checked since the gateway was started.',
    good: 'Every step succeeded.',
    failed: (step: string) => `${step}: failed. Those behind it were not tried.`,
    outcome: (ok: boolean) => (ok ? 'ok' : 'failed'),
    steps: {
      connection: 'Connection',
      proxy: 'Proxy',
      tls: 'TLS',
      http2: 'HTTP/2',
      identity: 'Who we are',
      clock: 'Clocks',
    } as Record<LineStep['step'], string>,
  },
  sharing: {
    title: 'What is shared',
    always: 'That this installation is there is always told: Postern’s version, the names of the services, how many nodes; and a sign of life every 30 s.',
    names: { events: 'Events', health: 'Health', usage: 'Usage', tunnel: 'Tunnel', requests: 'Requests', updates: 'Updates', proposals: 'Proposals' } as Record<string, string>,
    told: {
      health: 'Every two minutes how the gateway, its host and the component’s nodes are: numbers, times and versions, no names of hosts or people.',
      usage: 'Every hour how many sessions, exchanges and bytes there were, and how much counters of the component grew. Numbers alone.',
      events: 'Type, severity, subject and outcome of events of the gateway, its processes, log and line, the component’s nodes, certificates, sessions and the master switch; of announced updates when they start and why they ended so. Never who did it, and no other detail.',
      tunnel: 'Engineers may come through Mission Control, which relays what they send and can read nothing of it. They sign in here as ever. There is none while remote access is off, nor where postern.yaml has none.',
      requests: 'The vendor’s people may ask for access in an engineer’s place. It becomes an access request here, which you approve or refuse as ever; where it stands goes back to them, with your reason if you refuse.',
      updates: 'Mission Control is asked what the vendor has released, and for the files of it. Nothing is taken that the vendor has not signed with keys that Mission Control does not have. None are taken where postern.yaml names no root of the vendor’s.',
      proposals: 'The vendor’s people may propose changes of settings: calls that your policy lists, of capabilities that change something and are not off. With Ask each waits for you; with On it is applied at once, unless the policy or a capability wants your word.',
    } as Record<string, string>,
    settings: { off: 'Off', ask: 'Ask', on: 'On' },
    label: (what: string) => `${what}: shared with Mission Control`,
    will: {
      health: 'From now on Mission Control is told every two minutes how this installation is.',
      usage: 'From now on usage is counted, and Mission Control is told of each hour when it is over.',
      events: 'From now on Mission Control is told of events as they happen, and of none that happened before.',
      tunnel: 'From now on engineers reach the sign-in page through Mission Control, without an open port.',
      requests: 'From now on people at Mission Control can make access requests here. Each still takes an administrator to approve it.',
      updates: 'From now on Mission Control is asked for the vendor’s updates. They are announced here before one begins.',
      proposals: 'From now on what Mission Control proposes is applied at once, as far as your policy and capabilities let an engineer do it without asking.',
      'proposals.ask': 'From now on Mission Control can propose changes of settings. Nothing is applied before an administrator approves it.',
    } as Record<string, string>,
    submit: (what: string, setting = 'on') => (what === 'Proposals' ? (setting === 'ask' ? 'Let them propose' : 'Let them change settings') : what === 'Tunnel' ? 'Open the tunnel' : what === 'Requests' ? 'Let them ask' : what === 'Updates' ? 'Look for updates' : `Share ${what.toLowerCase()}`),
    fields: (what: string, told: number, all: number) => `What of ${what.toLowerCase()} is told: ${told === all ? 'all of it' : `${told} of ${all}`}`,
    preview: (what: string) => `What would be sent now of ${what.toLowerCase()}`,
    preview_says: 'This is sent, as it is then.',
    preview_off: 'It is not shared: nothing of this is sent.',
    by: (who: string) => `set by ${who}`,
    never: 'never changed',
    done: (what: string, setting: string) => `${what}: ${setting}.`,
  },
  health: {
    title: 'Health',
    none: 'No warning: nothing that is measured has come to its threshold.',
    since: 'since',
    warning: ({ of, service, node, resource, folder, value, unit }: ResourceWarning) =>
      `${of === 'node' ? `Node ${node} of ${service}: ` : ''}${resource}${folder ? ` (${folder})` : ''} is at ${value} ${unit}`,
    band: ({ warns_at, clears_at, unit }: ResourceWarning) => `The warning began at ${warns_at} ${unit} and ends at ${clears_at} ${unit}.`,
    unread: (service: string, node: string) => `Node ${node} of ${service} could not be read`,
    verdicts: {
      ok: 'Mission Control finds this installation well',
      warning: 'Mission Control warns of this installation',
      critical: 'Mission Control finds this installation in a critical state',
    } as Record<Verdict['status'], string>,
    said: 'said',
    nodes: 'Nodes, at least',
    cores: 'Cores, at least',
    memory: 'Memory, at least',
  },
  sent: {
    title: 'What was sent',
    says: 'Copies, byte for byte, made before anything is sent: one may stand here that never arrived.',
    empty: 'Nothing has been sent yet.',
    more: 'Show more',
    kinds: (kinds: string[]): string =>
      [...new Set(kinds)].map((kind) => kind_in_words(kind, kinds.filter((one) => one === kind).length)).join(', ') || 'empty',
    document: 'Document as it was sent',
  },
  home: {
    says: {
      not_enrolled: 'This installation is not enrolled at Mission Control yet.',
      unusable: 'The line to Mission Control cannot be used:',
      connecting: 'The line to Mission Control is not up; it is being opened.',
      up: '',
      waiting: 'The line to Mission Control is not up:',
      refused: 'Mission Control refuses this installation:',
    } as Record<MissionLine['state'], string>,
    link: 'Look at the line',
  },
};

function kind_in_words(kind: string, n: number): string {
  if (kind === 'registration') return 'who this installation is';
  if (kind === 'heartbeat') return 'sign of life';
  if (kind === 'health') return 'health';
  if (kind === 'usage') return count(n, 'hour of usage', 'hours of usage');
  if (kind === 'event') return count(n, 'event', 'events');
  return kind;
}
