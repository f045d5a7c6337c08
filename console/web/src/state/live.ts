// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Everything the console knows about the gateway, kept current: fetched once, then whenever the live line says that
// something changed. A part that cannot be fetched keeps its last value beside the problem; it never looks empty instead.
import { get, items, Problem, segment } from '../api/client';
import { open_stream, type LineState } from '../api/stream';
import type {
  AccessRequest,
  Account,
  Admin,
  Capability,
  Engineer,
  GatewayStatus,
  Grant,
  Hold,
  Invitation,
  LogEvent,
  Me,
  RemoteAccess,
  Session,
} from '../api/types';
import { words } from '../text';
import { make_store, type Store } from './store';

// undefined: not fetched yet.
export interface Part<T> {
  value?: T;
  problem?: Problem;
}
const make_part = <T>(): Store<Part<T>> => make_store<Part<T>>({});

export const me = make_store<Me | null | undefined>(undefined); // null: nobody is signed in
// Whoever has just signed out here may be signed in at the provider still.
export const left_provider = make_store(false);
export const line = make_store<LineState>('connecting');
export const skipped = make_store(0);

export const parts = {
  status: make_part<GatewayStatus>(),
  access: make_part<RemoteAccess>(),
  capabilities: make_part<Capability[]>(),
  requests: make_part<AccessRequest[]>(),
  grants: make_part<Grant[]>(),
  holds: make_part<Hold[]>(),
  sessions: make_part<Session[]>(),
  engineers: make_part<Engineer[]>(),
  events: make_part<LogEvent[]>(),
  account: make_part<Account>(),
  admins: make_part<Admin[]>(),
  invitations: make_part<Invitation[]>(),
};

const kEventsKept = 100; // of the newest: pages that follow something look here; the log keeps all
const kEventsAtFirst = 20; // more than come between a page's first answer and the live line
const kSettleMs = 120; // changes that come together are fetched together
const kLineMs = 500;
const kStatusEveryMs = 10_000;
const kSignInsEveryMs = 10_000; // sign-ins come and go without a change of the state
const kFiguresEveryMs = 1_000; // at most: what sessions have done, while they do it

async function fetch_part<T>(part: Store<Part<T>>, load: () => Promise<T>): Promise<void> {
  try {
    part.set({ value: await load() });
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem(0, words.problem.unreadable, '', '', '');
    part.set({ ...part.get(), problem });
  }
}

export const fetch_status = () => fetch_part(parts.status, () => get<GatewayStatus>('/status'));
const fetch_sessions = () => fetch_part(parts.sessions, () => items<Session>('/sessions?state=active&limit=200'));

let account_pages = 0; // shown now: without one, nobody asks for accounts

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
    fetch_part(parts.account, () => get<Account>('/account')),
    fetch_part(parts.admins, () => items<Admin>('/admins')),
    fetch_part(parts.invitations, () => items<Invitation>('/invitations')),
  ]);
}

async function fetch_state(): Promise<void> {
  await Promise.all([
    fetch_status(),
    fetch_part(parts.access, () => get<RemoteAccess>('/remote-access')),
    fetch_part(parts.capabilities, () => items<Capability>('/capabilities')),
    fetch_part(parts.requests, () => items<AccessRequest>('/requests?state=pending')),
    fetch_part(parts.grants, async () => (await items<Grant>('/grants')).filter((grant) => grant.state === 'active')),
    fetch_part(parts.holds, async () =>
      Promise.all((await items<Hold>('/holds')).map((hold) => get<Hold>(`/holds/${segment(hold.id)}`).catch(() => hold))),
    ),
    fetch_sessions(),
    fetch_part(parts.engineers, () => items<Engineer>('/engineers')),
    account_pages > 0 && fetch_accounts(),
  ]);
}

// After the line was lost, more may have been missed than at first.
export async function fetch_events(): Promise<void> {
  skipped.set(0);
  const limit = parts.events.get().value ? kEventsKept : kEventsAtFirst;
  await fetch_part(parts.events, () => items<LogEvent>(`/events?limit=${limit}`));
}

let settling = 0;

// Fetches all that a change may have touched, soon; calls in between are one.
export function refresh(): void {
  window.clearTimeout(settling);
  settling = window.setTimeout(() => void fetch_state(), kSettleMs);
}

let counting = 0;

// Exchanges change a session's figures and nothing else.
function refresh_figures(): void {
  if (counting) return;
  counting = window.setTimeout(() => {
    counting = 0;
    void fetch_sessions();
  }, kFiguresEveryMs);
}

function add_event(event: LogEvent): void {
  if (event.type.startsWith('exchange.')) refresh_figures();
  const known = parts.events.get().value ?? [];
  if (known.some((one) => one.id === event.id)) return;
  parts.events.set({ value: [event, ...known].slice(0, kEventsKept) });
}

// Starts the live line; the answer ends it. Everything is fetched once the line tells of changes, so that none is missed in
// between; without a line after a moment it is fetched all the same.
export function follow(): () => void {
  const load = () => {
    window.clearTimeout(waiting);
    void Promise.all([fetch_state(), fetch_events()]);
  };
  const waiting = window.setTimeout(load, kLineMs);
  const close = open_stream({
    on_state: refresh,
    on_event: add_event,
    on_more: (count) => {
      skipped.set(skipped.get() + count);
      refresh_figures();
    },
    on_line: (state) => {
      line.set(state);
      if (state === 'live') load();
      if (state === 'lost') void who_am_i();
    },
  });
  const status = window.setInterval(() => void fetch_status(), kStatusEveryMs);
  return () => {
    close();
    window.clearTimeout(waiting);
    window.clearInterval(status);
    window.clearTimeout(counting);
    counting = 0;
  };
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

export function forget(): void {
  for (const part of Object.values(parts)) (part as Store<Part<unknown>>).set({});
  me.set(null);
}
