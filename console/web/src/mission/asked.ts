// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is asked of customers: its form (mission/desk/openapi.json, AccessAsked), and what the page says of it.
export type AskState = 'sent' | 'not_taken' | 'pending' | 'approved' | 'refused' | 'expired' | 'withdrawn' | 'ended';

export interface AccessAsked {
  id: string;
  installation: string;
  by: string;
  engineer: string;
  role?: string;
  capabilities?: string[];
  reason: string;
  ticket?: string;
  start?: string;
  duration?: string;
  created: string;
  state: AskState;
  withdrawn: boolean;
  note?: string;
  until?: string;
  told?: string;
}

const kOpen: AskState[] = ['sent', 'pending', 'approved'];

export const asked = {
  title: 'Access',
  ask: 'Ask for access',
  will: 'The customer’s administrators decide, if they have switched on that you may ask. Your name, the reason and the ticket are shown to them.',
  submit: 'Ask',
  sent: 'It is asked.',
  empty: 'No access was asked for.',
  engineer: 'Engineer',
  engineer_hint: 'As the customer calls them.',
  wanted: 'Role or capabilities',
  wanted_hint: 'A role of the customer’s policy, such as viewer; or capabilities such as metrics.read, with commas between them.',
  reason: 'Reason',
  ticket: 'Ticket',
  duration: 'For how long',
  duration_hint: 'Such as 4h. As the customer has configured if it is empty.',
  states: {
    sent: 'Sent',
    not_taken: 'Not taken',
    pending: 'Waits',
    approved: 'Approved',
    refused: 'Refused',
    expired: 'Expired',
    withdrawn: 'Withdrawn',
    ended: 'Over',
  } as Record<AskState, string>,
  over: (state: AskState): boolean => !kOpen.includes(state),
  row: (engineer: string, wants: string) => `${engineer}: ${wants}`,
  by: (who: string) => `asked by ${who}`,
  until: 'until',
  withdraw: 'Withdraw',
  withdraw_label: (engineer: string) => `Withdraw what was asked for ${engineer}`,
  withdrawn_here: 'Withdrawn; the installation says when it is.',
  withdrawing: 'withdrawn here; the installation has not said so yet',
};
