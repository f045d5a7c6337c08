// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What both faces know alike: who is signed in, one's own account and those of others. A part that cannot be fetched keeps its
// last value beside the problem; it never looks empty instead.
import { get, items, Problem } from '../api/client';
import type { LineState } from '../api/stream';
import type { Account, Admin, AdminRole, Invitation, Me } from '../api/types';
import { words } from '../text';
import { make_store, type Store } from './store';

// undefined: not fetched yet.
export interface Part<T> {
  value?: T;
  problem?: Problem;
}
export const make_part = <T>(): Store<Part<T>> => make_store<Part<T>>({});

export async function fetch_part<T>(part: Store<Part<T>>, load: () => Promise<T>): Promise<void> {
  try {
    part.set({ value: await load() });
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem(0, words.problem.unreadable, '', '', '');
    part.set({ ...part.get(), problem });
  }
}

// Whose face it is; Mission Control's page says so before anything is shown (mission/main.tsx).
export const face = {
  people: '/admins', // where the accounts are below /api/v1
  roles: ['auditor', 'admin'] as AdminRole[], // the lowest first; the highest decides about the others
};
export const highest = (role: AdminRole): boolean => role === face.roles[face.roles.length - 1];

export const me = make_store<Me | null | undefined>(undefined); // null: nobody is signed in
// Whoever has just signed out here may be signed in at the provider still.
export const left_provider = make_store(false);
export const line = make_store<LineState>('connecting');

export const accounts = {
  account: make_part<Account>(),
  admins: make_part<Admin[]>(),
  invitations: make_part<Invitation[]>(),
};

const kSignInsEveryMs = 10_000; // sign-ins come and go without a change of the state

let account_pages = 0; // shown now: without one, nobody asks for accounts
export const accounts_are_shown = (): boolean => account_pages > 0;

// Told by a page that shows accounts when it comes; the answer tells that it went.
export function show_accounts(): () => void {
  account_pages++;
  void fetch_accounts();
  const timer = window.setInterval(() => document.hidden || void fetch_accounts(), kSignInsEveryMs);
  return () => {
    account_pages--;
    window.clearInterval(timer);
  };
}

export async function fetch_accounts(): Promise<void> {
  await Promise.all([
    fetch_part(accounts.account, () => get<Account>('/account')),
    fetch_part(accounts.admins, () => items<Admin>(face.people)),
    fetch_part(accounts.invitations, () => items<Invitation>('/invitations')),
  ]);
}

// A 401 signs out through when_signed_out; without an answer we stay as we are.
export async function who_am_i(): Promise<void> {
  try {
    me.set(await get<Me>('/me'));
  } catch (error) {
    if (me.get() === undefined && !(error instanceof Problem && error.status === 0)) me.set(null);
    if (me.get() === undefined) window.setTimeout(() => void who_am_i(), 2000);
  }
}

// Whoever leaves takes everything that was shown along.
export function forget_all(parts: object): void {
  for (const part of Object.values(parts)) (part as Store<Part<unknown>>).set({});
  me.set(null);
}
