// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Every word that the console says, in one place, so that a translation replaces one file. Components hold no sentences.
import type { AccessMode, AdminRole, Confinement, Cut, Setting } from './api/types';
import { account, admins, invitation, openid, passkey, proof, sign_in } from './text/accounts';
import { alerts } from './text/alerts';
import { approvals } from './text/approvals';
import { count } from './text/count';
import { home } from './text/home';
import { event, filters, log, when } from './text/log';
import { mission } from './text/mission';
import { policy } from './text/policy';
import { proposals } from './text/proposals';
import { permissions, request, signed } from './text/permissions';
import { intake } from './text/intake';
import { tokens } from './text/tokens';
import { updates } from './text/updates';
import { change, exchange, past, session } from './text/review';

export const words = {
  nav: {
    label: 'Pages',
    home: 'Home',
    permissions: 'Permissions',
    requests: 'Requests',
    sessions: 'Sessions',
    events: 'Events',
    engineers: 'Engineers',
    admins: 'Admins',
    updates: 'Updates',
    'mission-control': 'Mission',
    rest: ' Control', // of the name before it, where there is room
    waiting: (n: number) => `${n} waiting`,
    inside: (n: number) => `${n} inside`,
  },
  home,
  past,
  session,
  exchange,
  change,
  event,
  log,
  request,
  signed,
  permissions,
  alerts,
  approvals,
  policy,
  mission,
  intake,
  tokens,
  updates,
  when,
  filters,
  product: 'Postern',
  tagline: 'The guarded door between your component and its vendor’s support.',
  page_title: (pending: number, page: string, subject: string) =>
    `${pending > 0 ? `(${pending}) ` : ''}${subject ? `${subject} · ` : ''}${page} · Postern`,
  skip: 'Skip to content',
  loading: 'Loading…',
  retry: 'Try again',
  cancel: 'Cancel',
  close: 'Close',
  none: 'none',
  left: 'left',
  count,

  openid,
  sign_in,
  account,
  admins,
  invitation,
  passkey,
  proof,
  roles: { admin: 'Administrator', auditor: 'Auditor', viewer: 'Viewer', operator: 'Operator', administrator: 'Administrator' } as Record<AdminRole, string>,
  read_only_role: 'You are signed in as an auditor: you can read everything here and change nothing.',

  line: { live: 'Live', connecting: 'Connecting…', lost: 'Connection lost' },
  lost: 'The connection to the gateway is lost. What you see may be out of date; trying again by itself.',

  problem: {
    unreachable: 'The gateway did not answer',
    unreadable: 'The gateway’s answer could not be read',
    status: (status: number) => `The gateway answered ${status}`,
    event: 'Event',
    stale: 'Showing what was known before.',
    while_loading: (what: string) => `${what} could not be loaded.`,
  },

  until: {
    label: 'Ends',
    none: 'When somebody changes it',
    hours: (n: number) => `After ${count(n, 'hour', 'hours')}`,
    custom: 'At a time of my choice',
    custom_label: 'End time (your time zone)',
    missing: 'Choose a time in the future.',
  },

  access: {
    title: 'Remote access',
    label: 'Remote access mode',
    names: { off: 'Off', approved: 'Approved visits', 'read-only': 'Read-only', all: 'All capabilities' } as Record<
      AccessMode,
      string
    >,
    says: {
      off: 'Nobody from support can reach the component.',
      approved: 'Only engineers whose request you approved, only what you approved.',
      'read-only': 'Every engineer may use the read capabilities that are on. No changes.',
      all: 'Every engineer may use all capabilities that are on, changes included.',
    } as Record<AccessMode, string>,
    will: (to: AccessMode, sessions: number): string => {
      const cut = sessions > 0 ? ` ${count(sessions, 'session is', 'sessions are')} open now.` : '';
      switch (to) {
        case 'off':
          return sessions > 0
            ? `This ends ${sessions === 1 ? 'the one open session' : `all ${sessions.toLocaleString()} open sessions`} at once and cuts every exchange that is running. Nobody can sign in until you switch it on again.`
            : 'Nobody can sign in until you switch it on again. No session is open now.';
        case 'approved':
          return `Engineers can sign in and ask. They reach only what you approve, for as long as you approve it.${cut} Exchanges that no approval covers are cut at once.`;
        case 'read-only':
          return `Every engineer who signs in may use the read capabilities that are on, without asking. Nothing can be changed.${cut} Exchanges that change something are cut at once.`;
        case 'all':
          return `Every engineer who signs in may use all capabilities that are on, without asking, including those that change things in the component.${cut}`;
      }
    },
    submit: {
      off: 'Switch off',
      approved: 'Allow approved visits',
      'read-only': 'Open read-only',
      all: 'Open all capabilities',
    } as Record<AccessMode, string>,
    keep: 'Keep it, change the end',
    by: (who: string) => `Changed by ${who}`,
    until: 'Until',
    no_until: 'No end time',
    edit_until: 'Change end time',
  },

  cut: (cut: Cut | undefined): string => {
    if (!cut) return '';
    const done: string[] = [];
    if (cut.sessions) done.push(`${count(cut.sessions, 'session', 'sessions')} ended`);
    if (cut.exchanges) done.push(`${count(cut.exchanges, 'running exchange', 'running exchanges')} cut`);
    if (done.length === 0) return 'Nothing was running.';
    return `${done.join(', ')}${cut.slowest_us ? ` within ${milliseconds(cut.slowest_us)}` : ''}.`;
  },

  capabilities: {
    title: 'Capabilities',
    intro: 'What engineers may do in the component once they are let in.',
    other_group: 'Other',
    empty: 'The policy names no capabilities, so nothing can be reached.',
    filter: 'Find a capability or operation',
    nothing_found: 'No capability or operation matches.',
    settings: { off: 'Off', ask: 'Ask', on: 'On' } as Record<Setting, string>,
    setting_label: (title: string) => `Setting for ${title}`,
    classes: { read: 'read', write: 'write' },
    operations: (n: number) => count(n, 'operation', 'operations'),
    summary: (on: number, ask: number, off: number) =>
      [on && `${on} on`, ask && `${ask} ask`, off && `${off} off`].filter(Boolean).join(' · '),
    will: (to: Setting, write: boolean, sessions: number): string => {
      const using =
        sessions > 0
          ? ` ${count(sessions, 'open session', 'open sessions')} can use it now; exchanges that run on it are cut at once.`
          : '';
      switch (to) {
        case 'off':
          return `Nobody can use it, and nobody can ask for it.${using}`;
        case 'ask':
          return `Engineers can ask for it, and reach it for as long as you approve.${using}`;
        case 'on':
          return write
            ? 'Engineers who are let in may use it without asking. It can change things in the component.'
            : 'Engineers who are let in may use it without asking.';
      }
    },
    submit: { off: 'Switch off', ask: 'Make it ask', on: 'Switch on' } as Record<Setting, string>,
  },

  requests: {
    title: 'Waiting for you',
    title_read_only: 'Waiting for an administrator',
    empty: 'No requests are waiting.',
    wants: 'asks for',
    for: 'for',
    role: (role: string) => `the role ${role}`,
    starting: 'starting',
    ticket: 'Ticket',
    asked: 'Asked',
    approve: 'Approve',
    refuse: 'Refuse',
    approve_title: 'What you approve',
    role_label: 'Role',
    duration: 'For how long',
    as_asked: (duration: string) => `${duration}, as asked`,
    capabilities: 'Capabilities',
    approve_will: (who: string, duration: string) =>
      `${who} may use this for ${duration}, counted from your approval or the start time asked for. You can revoke it at any time.`,
    nothing_chosen: 'Choose at least one capability, or refuse.',
    default_duration: '8h',
    refuse_reason: 'Reason (the engineer reads it)',
    refuse_missing: 'Say why, so that the engineer knows what to do.',
    refuse_submit: 'Refuse the request',
    approved: (who: string) => `Approved for ${who}.`,
    refused: (who: string) => `Refused for ${who}.`,
  },

  proposals,

  holds: {
    title: 'Calls that wait for you',
    title_read_only: 'Calls that wait for an administrator',
    asks: 'wants to',
    left: 'left, then it is refused',
    because: (reason: string) => `Asked for access with: ${reason}`,
    because_budget: 'It waits because its session has received so many bytes that somebody should look at it.',
    body: (bytes: number, type: string) => `Body, ${bytes} bytes${type ? `, ${type}` : ''}`,
    unreadable: 'The body is not text and cannot be shown.',
    reading: 'Reading what it would change:',
    would_change: 'What it would change in',
    as_it_was: ', as it was at',
    not_compared: (why: string) => `Not compared: ${why}.`,
    sides: { old: 'Now', now: 'After this call' },
    no_difference: 'The call would change nothing: the document is like that already.',
    too_large: (n: number) => `${count(n, 'place differs', 'places differ')}: too much to list.`,
    document: 'The document now',
    whole: 'The whole document',
    whole_and_body: 'The whole document, and the body',
    unforeseen: 'What the call makes of the document is for the component to decide.',
    pass: 'Let it pass',
    pass_for_session: 'Let this operation pass for the session',
    go_on: 'Let the session go on',
    refuse: 'Refuse',
    will_refuse: (who: string) => `${who} is told that you refused; nothing is sent to the component.`,
    note: 'Why (the engineer reads it)',
  },

  grants: {
    title: 'Approved now',
    revoke: 'Revoke',
    will: (who: string) => `${who} loses this at once; exchanges that run on it are cut.`,
    submit: 'Revoke approval',
  },

  sessions: {
    title: 'Live sessions',
    empty: 'Nobody from support is connected.',
    engineer: 'Engineer',
    client: 'Client',
    since: 'Since',
    expires: 'Ends in',
    idle: 'Idle end in',
    exchanges: 'Exchanges',
    refused: 'Refused',
    action: 'Action',
    end: 'End',
    end_label: (who: string) => `End the session of ${who}`,
    will: (who: string) => `${who} is signed out at once and every running exchange of the session is cut.`,
    submit: 'End session',
    ended: (who: string) => `The session of ${who} has ended.`,
    usable: (n: number) => count(n, 'capability usable', 'capabilities usable'),
    methods: { pass: 'pass', certificate: 'certificate' } as Record<string, string>,
  },

  engineers: {
    says: 'Who of the vendor may sign in. A pass signs in once; what they may do then is said by Permissions and Requests.',
    sessions: 'Sessions',
    title: 'Engineers',
    empty: 'No engineers yet. Add the first one, then issue a pass.',
    add: 'Add engineer',
    name: 'Name',
    email: 'E-mail (optional)',
    added: 'not approved',
    approved: 'approved',
    approve: 'Approve',
    remove: 'Remove',
    remove_will: (who: string) => `${who} can no longer sign in; open sessions and approvals end at once.`,
    remove_submit: 'Remove engineer',
    issue: 'Issue pass',
    issue_label: (who: string) => `Issue pass for ${who}`,
    pass_title: (who: string) => `A pass for ${who}`,
    pass_once: 'Shown once. It signs in one time, for this engineer only. Send it over a channel you trust.',
    pass_expires: 'Valid until',
    copy: 'Copy link',
    copied: 'Copied',
    copy_failed: 'Could not copy: select the link and copy it by hand.',
    certificates: (n: number) => count(n, 'certificate', 'certificates'),
    lifetime: 'Valid for',
  },

  events: {
    title: 'Latest events',
    empty: 'No events yet.',
    severity: { info: 'Info', warning: 'Warning', severe: 'Severe' },
    filter: 'Show',
    all: 'All',
    notable: 'Warnings',
    none_notable: 'No warnings among the latest events.',
    skipped: (n: number) => `${count(n, 'event', 'events')} arrived too fast to show.`,
    show: 'Show them',
    raw: 'Raw event',
  },

  status: {
    title: 'Gateway',
    certificates: 'Certificates',
    valid_until: 'valid until',
    door_closed: 'The door is closed: the log cannot be written.',
    log: 'Log',
    writable: 'writable',
    not_writable: 'not writable',
    size: (n: number) => count(n, 'event', 'events'),
    nodes: 'Component',
    nodes_are: (up: number, down: number, unchecked: number) =>
      [up && `${up} up`, down && `${down} down`, unchecked && `${unchecked} not checked`].filter(Boolean).join(', '),
    no_nodes: 'no nodes',
    roles: 'Roles',
    roles_running: (up: number, all: number) => (up === all ? `${all} running` : `${up} of ${all} running`),
    policy: 'Policy',
    policy_is: (capabilities: number, operations: number) =>
      `${count(capabilities, 'capability', 'capabilities')}, ${count(operations, 'operation', 'operations')}`,
    sandbox: 'Confinement',
    confined: (proof: Confinement) =>
      proof.filtered && proof.landlock > 0 && proof.refused === proof.attempts
        ? `confined: ${proof.refused} attempts refused`
        : 'confined in part',
    version: 'Version',
    restarts: (n: number) => count(n, 'restart', 'restarts'),
    details: 'Details',
    role_states: { running: 'running', starting: 'starting', backing_off: 'backing off', stopped: 'stopped' },
    credential_refused: (which: string) => `refuses the credential that Postern holds for it: ${which}`,
    node_states: { up: 'up', down: 'down', not_checked: 'not checked' },
  },

  not_found: {
    title: 'There is no such page',
    says: 'The address names nothing that the console has.',
    back: 'Back to Home',
  },
};

function milliseconds(us: number): string {
  return us < 1000 ? `${us} µs` : `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;
}
