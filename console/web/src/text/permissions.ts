// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { bytes, count } from './count';

const names = (all: string[]): string => {
  const shown = all.slice(0, 5).join(', ');
  return all.length > 5 ? `${shown} and ${all.length - 5} more` : shown;
};

export const permissions = {
  title: 'Permissions',
  says: 'What engineers may do in the component once they are let in. What is not listed here cannot be reached at all.',
  closed: 'Remote access is off: nobody can use any of this now, whatever its setting.',
  search: 'Find a capability or operation',
  setting: 'Setting',
  any_setting: 'Any setting',
  class: 'Class',
  any_class: 'Read and write',
  select: (title: string) => `Select ${title}`,
  select_group: (group: string) => `Select all of ${group}`,
  selected: (n: number) => `${n} selected`,
  clear: 'Clear selection',
  set_all: { off: 'Switch all off', ask: 'Make all ask', on: 'Switch all on' },
  will_set_all: (n: number, to: 'off' | 'ask' | 'on', writes: number): string => {
    const what = count(n, 'capability', 'capabilities');
    if (to === 'off') return `${what}: nobody can use them, and nobody can ask for them.`;
    const write = writes > 0 ? ` ${count(writes, 'of them changes', 'of them change')} things in the component.` : '';
    if (to === 'ask') return `${what}: engineers can ask for them, and reach them for as long as you approve.${write}`;
    return `${what}: engineers who are let in may use them without asking.${write}`;
  },
  some_failed: (done: number, all: number) => `${done} of ${all} were changed; the next one failed:`,
  all_done: (n: number, setting: string) => `${count(n, 'capability', 'capabilities')}: ${setting}.`,
  cuts_off: (who: string[]) => (who.length > 0 ? `Cuts off now: ${names(who)}.` : 'Cuts off nobody now.'),
  loses: (who: string, n: number) => `${who} (loses ${count(n, 'capability', 'capabilities')})`,
  used: 'Last used',
  used_by: (who: string) => `by ${who}`,
  never_used: 'Not used yet',
  not_used_since: 'Not used since at least',
  operations: 'Operations',
  changed_by: (who: string) => `set by ${who}`,
};

export const signed = {
  only: 'Only a grant that was signed elsewhere gives access here. Sign what is asked for, and bring the document.',
  bring: 'Bring a signed grant',
  by: (keys: string) => `Signed with ${keys}`,
  says: 'It says itself who may come, with what and until when. It starts once, and nothing is added to it.',
  file: 'The document’s file',
  text: 'Or its text',
  submit: 'Start it',
  missing: 'Choose the file, or paste the text.',
  too_large: 'This is no signed grant: they have 32 KiB at most.',
};

export const request = {
  title: 'Request',
  grant_title: 'Grant',
  list_says: 'Who asks to be let in, what was let in because of it, and what was decided before.',
  decided: 'Decided before',
  decided_empty: 'Nothing has been decided yet.',
  states: {
    pending: 'waiting',
    approved: 'approved',
    refused: 'refused',
    withdrawn: 'withdrawn',
    expired: 'expired unanswered',
  } as Record<string, string>,
  grant_states: { active: 'active', ended: 'ended' } as Record<string, string>,
  reasons: { expired: 'its time was over', revoked: 'revoked', used_up: 'used up' } as Record<string, string>,
  engineer: 'Engineer',
  state: 'State',
  asks_for: 'Asks for',
  reason: 'Reason',
  ticket: 'Ticket',
  duration: 'For',
  start: 'From',
  until: 'Until',
  created: 'Asked',
  decided_at: 'Decided',
  by: 'Made by',
  decided_by: 'Decided by',
  given_by: 'Given by',
  signed_by: 'Signed with',
  most: 'Good for',
  at_most: (exchanges?: number, received?: number): string =>
    [exchanges && count(exchanges, 'call', 'calls'), received && `${bytes(received)} of responses`].filter(Boolean).join(', '),
  note: 'Note',
  request: 'Request',
  grants: 'Grants of it',
  ended: 'Why it ended',
  events: 'Events about it',
  sessions: 'Sessions under this ticket',
  all: 'All requests',
  filter: 'Show',
  any_state: 'All',
};
