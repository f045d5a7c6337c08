// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Everything the console knows about the gateway, kept current: fetched once, then whenever the live line says that
// something changed.
import { get, items, segment } from '../api/client';
import { open_stream } from '../api/stream';
import type {
  AccessRequest,
  Capability,
  Engineer,
  GatewayStatus,
  Grant,
  Hold,
  LogEvent,
  Proposal,
  RemoteAccess,
  Session,
} from '../api/types';
import { accounts, accounts_are_shown, fetch_accounts, fetch_part, forget_all, line, make_part, who_am_i } from './accounts';
import { when_changed } from './action';
import { make_store } from './store';

export const skipped = make_store(0);

export const parts = {
  status: make_part<GatewayStatus>(),
  access: make_part<RemoteAccess>(),
  capabilities: make_part<Capability[]>(),
  requests: make_part<AccessRequest[]>(),
  grants: make_part<Grant[]>(),
  holds: make_part<Hold[]>(),
  proposals: make_part<Proposal[]>(),
  sessions: make_part<Session[]>(),
  engineers: make_part<Engineer[]>(),
  events: make_part<LogEvent[]>(),
  ...accounts,
};

const kEventsKept = 100; // of the newest: pages that follow something look here; the log keeps all
const kEventsAtFirst = 20; // more than come between a page's first answer and the live line
const kSettleMs = 120; // changes that come together are fetched together
const kLineMs = 500;
const kStatusEveryMs = 10_000;
const kFiguresEveryMs = 1_000; // at most: what sessions have done, while they do it

export const fetch_status = () => fetch_part(parts.status, () => get<GatewayStatus>('/status'));
const fetch_sessions = () => fetch_part(parts.sessions, () => items<Session>('/sessions?state=active&limit=200'));

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
    fetch_part(parts.proposals, async () =>
      Promise.all((await items<Proposal>('/proposals')).map((one) => (one.read ? get<Proposal>(`/proposals/${segment(one.id)}`).catch(() => one) : one))),
    ),
    fetch_sessions(),
    fetch_part(parts.engineers, () => items<Engineer>('/engineers')),
    accounts_are_shown() && fetch_accounts(),
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

export const forget = (): void => forget_all(parts);

when_changed(refresh);
