// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the console says of changes that Mission Control proposes.
import type { ProposalState } from '../api/types';

export const proposals = {
  title: 'Proposed changes',
  says: 'Calls to the component that Mission Control proposes. Each is judged by your policy and switches as an engineer’s call is.',
  earlier: 'Earlier proposals',
  proposes: 'proposes',
  left: 'left, then it expires',
  because: (reason: string) => `“${reason}”`,
  waits: (why: string) => `It waits: ${why}.`,
  sent: 'What is sent',
  no_body: 'Without a body.',
  undo: 'What takes it back',
  no_undo: 'It cannot be undone automatically: it came without a call that takes it back.',
  watch: (time: string) => `Health is watched for ${time} afterwards; if it gets worse, it is taken back by itself.`,
  watched: 'Health is watched until',
  undo_until: 'It can be undone until',
  approvals: (given: number, needed: number) => `${given} of ${needed} approvals`,
  approve: 'Approve and apply',
  will_approve: 'The call is sent to the component at once, and stands in the log with what it changed.',
  refuse: 'Refuse',
  will_refuse: 'Nothing is sent. The vendor reads why.',
  undo_it: 'Undo',
  will_undo: 'The call that takes it back is sent to the component at once.',
  note: 'Why',
  approved: 'Approved.',
  refused: 'Refused.',
  undoing: 'It is being undone.',
  states: {
    pending: 'Waits',
    approved: 'Approved',
    applying: 'Being applied',
    applied: 'Applied',
    undoing: 'Being undone',
    undone: 'Undone',
    rolled_back: 'Rolled back',
    failed: 'Not applied',
    unknown: 'Not known',
    refused: 'Refused',
    withdrawn: 'Withdrawn',
    expired: 'Expired',
  } as Record<ProposalState, string>,
};
