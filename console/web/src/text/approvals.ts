// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Words about approving: by several, of other terms, in advance, and the talk before it.
import { count } from './count';

const list = (names: string[]): string => names.join(', ');

export const approvals = {
  of: (given: number, needed: number) => `${given} of ${needed} approvals`,
  given_by: 'Approved by',
  missing: (n: number) => `${count(n, 'approval is', 'approvals are')} missing, of other administrators.`,
  needs: (n: number) => `Takes ${count(n, 'approval', 'approvals')}`,
  yours: 'You approved this.',
  change: 'Change what I approved',
  will_be: (given: number, needed: number) =>
    given < needed
      ? `Yours is approval ${given} of ${needed}: access begins with the last one.`
      : needed > 1
        ? `Yours is the last of ${needed} approvals: access begins with it.`
        : '',
  will_void: (names: string[]) =>
    `This is not what ${list(names)} approved: ${names.length === 1 ? 'that approval is' : 'those approvals are'} void if you go on.`,
  counted: (who: string, given: number, needed: number) => `Approved for ${who}: ${given} of ${needed} approvals.`,
  asked_for: 'Asked for',
  offer: (done: boolean) => (done ? 'Approved' : 'To be approved'),
  asked_by: (who: string) => `Asked for by ${who}, in the engineer’s place`,
  extends: 'Goes on',
  what: 'What',
  role: (role: string) => `The role ${role}`,
  single: 'Single capabilities',
  more: 'Other capabilities',
  start: 'Begins',
  start_now: 'With the approval',
  start_asked: (time: string) => `${time}, as asked`,
  start_custom: 'At a time of my choice',
  start_time: 'Begins at (your time zone)',
  start_missing: 'Choose a time in the future, at most 90 days away.',
  talk: 'Asked back',
  ask: 'Ask back',
  ask_says: (who: string) => `${who} sees the question at once and can answer in the page.`,
  ask_label: 'Question (the engineer reads it)',
  ask_missing: 'Write what you want to know.',
  ask_submit: 'Send the question',
  asked: (who: string) => `Asked ${who}.`,
  open_question: 'Waits for an answer of the engineer',
  give: 'Give access in advance',
  give_says: 'Nobody has to ask for it. The engineer may still be unknown: it holds once they are added and approved.',
  give_submit: 'Give access',
  engineer: 'Engineer',
  engineer_hint: 'Small letters, digits, dots and dashes',
  reason: 'Reason (the engineer reads it)',
  ticket: 'Ticket',
  given: (who: string) => `Access given to ${who}.`,
  given_unknown: (who: string) => `Access given to ${who}, who is not known yet: it holds once they are added and approved.`,
  begins: 'begins',
  who_missing: 'Say who gets it.',
  nothing: 'Choose a role, or at least one capability.',
};
