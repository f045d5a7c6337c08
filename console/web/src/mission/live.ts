// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is known of the fleet, kept current: fetched once, then when the live line says that something changed, and the rest every
// few seconds while somebody looks.
import { get, items } from '../api/client';
import { open_stream } from '../api/stream';
import { accounts, accounts_are_shown, fetch_accounts, fetch_part, forget_all, line, make_part, who_am_i } from '../state/accounts';
import { when_changed } from '../state/action';
import { make_store } from '../state/store';
import type { Alert, Enrolment, ListedInstallation, ServerStatus } from './types';

export const parts = {
  status: make_part<ServerStatus>(),
  installations: make_part<ListedInstallation[]>(),
  enrolments: make_part<Enrolment[]>(),
  alerts: make_part<Alert[]>(), // that are open
  ...accounts,
};

// Rises with each event that came, and with each change: pages that show more ask again then.
export const news = make_store(0);

const kSettleMs = 300; // changes that come together are fetched together
const kAllEveryMs = 15_000;

export const fetch_status = () => fetch_part(parts.status, () => get<ServerStatus>('/status'));
export const fetch_installations = () => fetch_part(parts.installations, () => items<ListedInstallation>('/installations'));
export const fetch_enrolments = () => fetch_part(parts.enrolments, () => items<Enrolment>('/enrolments'));
export const fetch_alerts = () => fetch_part(parts.alerts, () => items<Alert>('/alerts'));

async function fetch_all(): Promise<void> {
  news.set(news.get() + 1);
  await Promise.all([fetch_status(), fetch_installations(), fetch_enrolments(), fetch_alerts(), accounts_are_shown() && fetch_accounts()]);
}

let settling = 0;

export function refresh(): void {
  window.clearTimeout(settling);
  settling = window.setTimeout(() => void fetch_all(), kSettleMs);
}

let hearing = 0;

function heard(): void {
  if (hearing) return;
  hearing = window.setTimeout(() => {
    hearing = 0;
    news.set(news.get() + 1);
  }, kSettleMs);
}

// Starts the live line; the answer ends it.
export function follow(): () => void {
  void fetch_all();
  const close = open_stream({
    on_state: refresh,
    on_event: heard,
    on_more: heard,
    on_line: (state) => {
      line.set(state);
      if (state === 'live') refresh();
      if (state === 'lost') void who_am_i();
    },
  });
  const timer = window.setInterval(() => document.hidden || void fetch_all(), kAllEveryMs);
  return () => {
    close();
    window.clearInterval(timer);
    window.clearTimeout(settling);
  };
}

export const forget = (): void => forget_all(parts);

when_changed(refresh);
