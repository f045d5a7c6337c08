// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { count } from './count';

type Effect = 'new' | 'looser' | 'gone' | 'stricter' | 'same';

export const policy = {
  title: 'Policy',
  says: 'The policy lists what could be done at all. A new one takes away at once; what it opens stays closed until an administrator has looked at it.',
  notice: 'The policy has changed: what it opens is closed until an administrator accepts it.',
  notice_link: 'See what it opens',
  in_force: 'In force now',
  hash: 'Policy',
  since: 'Since',
  accepted: 'Accepted',
  accepted_at: 'Accepted on',
  by: 'By',
  first: 'the gateway, by being the first or by opening nothing',
  nothing: 'Nothing waits: the policy in force is accepted.',
  unreadable:
    'What was accepted before cannot be read: its text is lost or damaged. Nothing passes until this policy is accepted, and all of it counts as new.',
  changes: 'What changes',
  general: 'For all capabilities',
  kinds: { operation: '', never: 'Never:', role: 'Role', redaction: 'Taken out of responses:' },
  effects: {
    new: 'newly allowed',
    looser: 'looser',
    gone: 'no longer allowed',
    stricter: 'stricter',
    same: 'other words',
  } satisfies Record<Effect, string>,
  sum: (counts: Record<Effect, number>): string => {
    const parts = [
      counts.new && count(counts.new, 'newly allowed', 'newly allowed'),
      counts.looser && count(counts.looser, 'looser', 'looser'),
      counts.gone && count(counts.gone, 'no longer allowed', 'no longer allowed'),
      counts.stricter && count(counts.stricter, 'stricter', 'stricter'),
      counts.same && count(counts.same, 'in other words', 'in other words'),
    ].filter(Boolean);
    return parts.length > 0 ? parts.join(', ') : 'No difference';
  },
  left_off: (n: number) => `${count(n, 'change', 'changes')} more: “postern policy diff” with both files shows all of them.`,
  accept: 'Accept this policy',
  will: (counts: Record<Effect, number>): string => {
    const opens = [
      counts.new && `${count(counts.new, 'operation is', 'operations are')} allowed that ${counts.new === 1 ? 'was' : 'were'} not`,
      counts.looser && `${count(counts.looser, 'rule is', 'rules are')} looser than before`,
    ].filter(Boolean);
    return `From now on ${opens.join(', and ') || 'it counts as accepted'}. Who may use it is still up to the permissions.`;
  },
  done: 'The policy is accepted.',
};
