// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Mission Control's answers (mission/desk/openapi.json).
import type { Lag, UpdatesOfOne } from './updates';

export type State = 'new' | 'up' | 'late' | 'retired';

export type Health = 'ok' | 'warning' | 'critical';

export interface Installation {
  id: string;
  customer: string;
  version: string;
  state: State;
  since: string;
  connected: boolean;
  contested: boolean; // another life of it was refused just now
  enrolled: string;
  heard: string | null;
  events: number;
  newest_health?: HealthRow | null; // in the list: the newest of the last minutes
}

export type ListedInstallation = Installation & { updates: Lag | null }; // null: it is retired

// Percent, but for time, status, nodes and up; what is not there was not told.
export interface HealthRow {
  time: string;
  status: Health;
  availability?: number;
  processing?: number;
  cpu?: number;
  memory?: number;
  storage?: number;
  nodes?: number;
  up?: number;
}

export interface UsageHour {
  installation: string;
  hour: string;
  complete: boolean;
  counts: Record<string, number>;
}

export interface FleetEvent {
  number: number;
  installation: string;
  id: string;
  by: 'mission-control' | 'installation';
  type: string;
  time: string;
  received: string;
  body: Record<string, unknown>;
}

export interface Report {
  id: string;
  schema: number;
  time: string;
  received: string;
  body: Record<string, unknown>;
}

export interface ShownInstallation extends Installation {
  line: { life: string; client: string } | null;
  conflict?: FleetEvent;
  certificates: { serial: string; issued: string; until: string; first_seen: string | null; replaced_by?: string }[];
  reports: Record<string, Report>;
  name?: string; // by which engineers ask for it
  tunnel: { open: boolean; waiting: number; connected: number; names: string[] } | null; // null: nobody is relayed
  updates: UpdatesOfOne;
  health: { rows: HealthRow[] }; // the newest first
  log: { size: number; seen?: string; conflict?: string; offered?: string } | null; // as its witness knows it
}

export interface Alert {
  number: number;
  id: string;
  installation: string;
  rule: string;
  subject: string;
  severity: 'warning' | 'severe';
  what: string;
  state: 'firing' | 'acknowledged' | 'resolved';
  since: string;
  fired: string;
  resolved?: string;
  acknowledged?: string;
  by?: string;
}

export interface Enrolment {
  id: string;
  customer: string;
  state: 'open' | 'used' | 'withdrawn' | 'expired';
  created: string;
  expires: string;
  used?: string;
  installation?: string;
  withdrawn?: string;
}

export interface Act {
  number: number;
  id: string;
  time: string;
  type: string;
  actor: string;
  subject: string;
  from: string;
  detail: Record<string, unknown>;
}

export interface ServerStatus {
  version: string;
  domain: string;
  started: string;
  connected: number;
  installations: Record<State, number>;
  servers: { id: string; name: string; version: string; connected: number; started: string; here: boolean }[];
  store: { available: boolean; why?: string };
  witness: string | null;
  log: { key: string | null; size: number; signed: number; problem?: string };
  listeners?: { name: string; address: string; certificate?: { subject: string; not_after: string } }[]; // the relay has none
  roles?: { name: string; state: string; pid?: number; restarts: number; started?: string; reason?: string }[];
}
