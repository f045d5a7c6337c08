// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is proposed to customers: its form (mission/desk/openapi.json, Proposed), and what the page says of it.
export type ProposedState =
  | 'sent'
  | 'not_taken'
  | 'pending'
  | 'approved'
  | 'refused'
  | 'expired'
  | 'withdrawn'
  | 'applied'
  | 'failed'
  | 'unknown'
  | 'undone'
  | 'rolled_back';

export interface ProposedCall {
  method: string;
  target: string;
  content_type?: string;
  body?: string;
}

export interface Proposed {
  id: string;
  installation: string;
  by: string;
  call: ProposedCall;
  undo?: ProposedCall;
  watch_us?: number;
  reason: string;
  ticket?: string;
  created: string;
  state: ProposedState;
  withdrawn: boolean;
  note?: string;
  until?: string;
  told?: string;
}

const kWithdrawable: ProposedState[] = ['sent', 'pending'];
const kOpen: ProposedState[] = [...kWithdrawable, 'approved'];

export const proposed = {
  title: 'Proposed changes',
  propose: 'Propose a change',
  will: 'What becomes of it the customer has switched: nothing, an administrator’s word, or that it is applied at once. Your name, the reason and the call are shown to them.',
  submit: 'Propose',
  sent: 'It is proposed.',
  empty: 'Nothing was proposed.',
  method: 'Method',
  target: 'Path and query',
  target_hint: 'As the customer’s policy lists it, such as /alertmanager/api/v2/silences.',
  body: 'Body',
  body_hint: 'JSON; empty if the call has none.',
  undo_method: 'Taken back by: method',
  undo_target: 'Taken back by: path and query',
  undo_hint: 'Empty if nothing takes it back. ${answer.NAME} stands for a member of what the component answered.',
  undo_body: 'Taken back by: body',
  watch: 'Watch health for',
  watch_hint: 'Such as 10m: if health gets worse, it is taken back by itself.',
  reason: 'Reason',
  ticket: 'Ticket',
  states: {
    sent: 'Sent',
    not_taken: 'Not taken',
    pending: 'Waits',
    approved: 'Being applied',
    refused: 'Refused',
    expired: 'Expired',
    withdrawn: 'Withdrawn',
    applied: 'Applied',
    failed: 'Not applied',
    unknown: 'Not known',
    undone: 'Undone',
    rolled_back: 'Rolled back',
  } as Record<ProposedState, string>,
  is_open: (state: ProposedState): boolean => kOpen.includes(state),
  can_be_withdrawn: (one: Proposed): boolean => kWithdrawable.includes(one.state) && !one.withdrawn,
  by: (who: string) => `proposed by ${who}`,
  undone_by: (call: ProposedCall) => `taken back by ${call.method} ${call.target}`,
  watched: 'health is watched until',
  withdraw: 'Withdraw',
  withdraw_label: (call: ProposedCall) => `Withdraw ${call.method} ${call.target}`,
  withdrawn_here: 'Withdrawn; the installation says when it is.',
  withdrawing: 'withdrawn here; the installation has not said so yet',
};
