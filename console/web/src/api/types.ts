// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What /api/v1 answers. Times are RFC 3339 in UTC. Every string that is not a union of words is outside text.

export type AdminRole = 'admin' | 'auditor' | 'viewer' | 'operator' | 'administrator'; // the last three of Mission Control
export interface Me {
  name: string;
  role: AdminRole;
  since?: string;
  passkeys?: number;
  totp?: boolean;
  openid?: boolean; // known by the identity provider: no password here
  proved?: boolean;
  must_enroll?: boolean;
}

export interface Passkey {
  id: string;
  name: string;
  host: string;
  added: string;
  used?: string;
}
export interface ProviderAccount {
  issuer: string;
  subject: string;
  most: AdminRole; // what the groups gave
}
export interface SignIn {
  id: string;
  admin: string;
  method: string;
  client: string;
  user_agent?: string;
  since: string;
  seen: string;
  current: boolean;
}
export interface Account {
  name: string;
  role: AdminRole;
  added?: string;
  totp: boolean;
  recovery_codes: number;
  passkey_host?: string;
  passkeys: Passkey[];
  openid?: ProviderAccount;
  sign_ins: SignIn[];
}
export interface AdminProvider {
  issuer: string;
  local_accounts: string[];
}
export interface Admin {
  name: string;
  role: AdminRole;
  added?: string;
  passkeys: number;
  totp: boolean;
  sign_ins: number;
  locked?: boolean;
  openid?: ProviderAccount;
  seen?: string;
}
export interface Invitation {
  id: string;
  name: string;
  role: AdminRole;
  by: string;
  created: string;
  expires: string;
}
export interface Invited {
  id: string;
  name: string;
  role: AdminRole;
  expires: string;
  link: string;
}

export type AccessMode = 'off' | 'approved' | 'read-only' | 'all';
export interface RemoteAccess {
  mode: AccessMode;
  version?: string;
  until?: string | null;
  changed?: string;
  by?: string;
}

export type Setting = 'off' | 'ask' | 'on';
export interface Capability {
  name: string;
  title: string;
  description?: string;
  group?: string;
  class: 'read' | 'write';
  approvals?: number;
  setting: Setting;
  version?: string;
  until?: string | null;
  changed?: string;
  by?: string;
  operations: string[];
}

// What a change cut, in all processes.
export interface Cut {
  sessions?: number;
  exchanges?: number;
  slowest_us?: number;
}

export interface Engineer {
  name: string;
  email?: string;
  state: 'added' | 'approved';
  added?: string;
  certificates?: string[];
}

export interface Pass {
  pass: string;
  engineer: string;
  expires: string;
  link: string;
}

export type RequestState = 'pending' | 'approved' | 'refused' | 'withdrawn' | 'expired';
export interface Terms {
  role?: string;
  capabilities?: string[];
  start?: string;
  duration?: string;
}
// Its terms are what is on the table: asked is there where an admin has approved something else.
export interface AccessRequest extends Terms {
  id: string;
  engineer: string;
  reason: string;
  ticket?: string;
  asked?: Terms;
  asked_by?: string;
  extends?: string;
  approvals?: { by: string; at: string }[];
  approvals_needed?: number;
  talk?: { by: string; text: string; at: string }[];
  engineer_state?: 'unknown' | 'added' | 'approved';
  created: string;
  state: RequestState;
  decided?: string;
  by?: string;
  note?: string;
}

export interface Grant {
  id: string;
  engineer: string;
  capabilities: string[];
  from: string;
  until: string;
  state: 'active' | 'ended';
  ended_reason?: string;
  request?: string;
  role?: string;
  reason?: string;
  ticket?: string;
  by?: string;
  signed_by?: string[];
  most_exchanges?: number;
  most_response_bytes?: number;
  engineer_state?: 'unknown' | 'added' | 'approved';
}

// Who outside is told of events.
export interface NotificationTarget {
  name: string;
  kind: 'webhook' | 'email';
  where: string;
  events: string[];
  severity?: Severity;
  state: 'new' | 'delivering' | 'failing';
  waiting: number;
  delivered?: string;
  failed?: string;
  problem?: string;
}

// What a waiting call would change, as it was when it was read.
export interface Before {
  time: string;
  document?: unknown;
  changes: number;
  patch?: Patch[];
  why?: string;
}

// A call that waits for an admin.
export interface Hold {
  id: string;
  engineer: string;
  session: string;
  capability: string;
  operation: string;
  method: string;
  target: string;
  client: string;
  content_type?: string;
  body?: string;
  body_bytes: number;
  read?: string;
  because?: 'budget';
  before?: Before;
  reason?: string;
  created: string;
  expires: string;
}

export type ProposalState =
  | 'pending'
  | 'approved'
  | 'applying'
  | 'applied'
  | 'undoing'
  | 'undone'
  | 'rolled_back'
  | 'failed'
  | 'unknown'
  | 'refused'
  | 'withdrawn'
  | 'expired';
export interface ProposedCall {
  method: string;
  target: string;
  content_type?: string;
  body?: string;
}
// A change of settings that Mission Control proposes.
export interface Proposal {
  id: string;
  state: ProposalState;
  by: string;
  reason: string;
  ticket?: string;
  capability: string;
  operation: string;
  call: ProposedCall;
  undo?: ProposedCall;
  can_be_undone: boolean;
  undo_until?: string;
  waits?: string;
  read?: string; // while it waits: the document that it would change
  before?: Before;
  approvals?: string[];
  approvals_needed?: number;
  created: string;
  expires?: string;
  decided?: string;
  decided_by?: string;
  note?: string;
  applied?: string;
  status?: number;
  watch?: string;
  watched_until?: string;
  why?: string;
}

export interface Session {
  id: string;
  engineer: string;
  method?: string;
  client?: string;
  user_agent?: string;
  opened: string;
  expires: string;
  idle_until?: string;
  last_active?: string;
  state: 'active' | 'ended';
  ended?: string;
  reason?: string;
  exchanges: number;
  refused: number;
  request_bytes?: number;
  response_bytes?: number;
  capabilities?: string[];
  changes?: Change[];
}

export type Severity = 'info' | 'warning' | 'severe';
export interface LogEvent {
  id: string;
  index?: number;
  time: string;
  type: string;
  severity: Severity;
  sentence?: string;
  [field: string]: unknown;
}

export interface Role {
  name: string;
  pid?: number;
  state: 'running' | 'starting' | 'backing_off' | 'stopped';
  started?: string;
  restarts?: number;
  reason?: string;
  confinement?: Confinement;
}
export interface Confinement {
  kernel: string;
  landlock: number;
  filtered: boolean;
  profile: string;
  attempts: number;
  refused: number;
  witnessed: number;
  missing: string[];
}
export interface Node {
  service: string;
  url: string;
  state: 'up' | 'down' | 'not_checked';
  since?: string;
  reason?: string;
  refused_credentials?: string[];
}
export type Urgency = 'fine' | 'soon' | 'near' | 'over';
export interface Certificate {
  what: 'listener' | 'support_authority' | 'credential';
  name: string;
  file?: string;
  subject?: string;
  not_after: string;
  days: number;
  urgency: Urgency;
}
// What an authority issues to the support listener by ACME.
export interface Ordered {
  names: string[];
  authority: string;
  challenge?: 'http-01' | 'tls-alpn-01';
  not_after?: string;
  last?: string;
  next?: string;
  why?: string;
  failures?: number;
  since?: string;
  too_late?: boolean;
}
// What is fetched about revocations: a list, or a responder's answer about one certificate.
export interface Revocation {
  evidence: 'crl' | 'ocsp';
  whose: string;
  url: string;
  subject?: string;
  lists?: { issuer: string; revoked: number; until: string; over: boolean }[];
  fetched?: string;
  until?: string;
  over?: boolean;
  revoked?: string;
  failures: number;
  failing_since?: string;
  why?: string;
}
export interface ShownCertificate {
  subject: string;
  not_after: string;
  names: string[];
  flaws: string[];
}
// The line to Mission Control.
export interface LineStep {
  step: 'connection' | 'proxy' | 'tls' | 'http2' | 'identity' | 'clock';
  ok: boolean;
  said: string;
  took_us: number;
}
export interface MissionLine {
  url: string;
  proxy?: string;
  revocation: 'hard' | 'soft';
  state: 'not_enrolled' | 'unusable' | 'connecting' | 'up' | 'waiting' | 'refused';
  since: string;
  why?: string;
  attempts?: number;
  next?: string;
  version?: string;
  skew_us?: number;
  installation?: string;
  customer?: string;
  certificate?: { issuer?: string; not_after?: string };
  reports?: { waiting: number; sent?: string; problem?: string; health?: Verdict | null; usage?: { waiting: number } };
  tunnel?: { open: boolean; waiting: number; connected: number; why?: string }; // missing: the configuration has none
  check?: { number?: number; steps?: LineStep[] };
}
export interface SharedField {
  name: string; // "health.version"
  title: string;
  setting: 'off' | 'on';
}
export interface Sharing extends Omit<SharedField, 'setting'> {
  setting: 'off' | 'ask' | 'on'; // ask: of proposals alone
  changed?: string;
  by?: string;
  fields?: SharedField[]; // what of it may be kept back
}
// What would be sent now.
export interface Preview {
  shared: boolean;
  body: unknown;
}
// How Mission Control judges this installation, by the last report of health.
export interface Verdict {
  status: 'ok' | 'warning' | 'critical';
  reasons?: string[];
  minimum?: { nodes?: number; cores?: number; memory?: number }; // 0: no word about it
  time?: string;
}
// A warning that is not over.
export interface ResourceWarning {
  of: 'gateway' | 'node';
  service?: string;
  node?: string;
  resource: string;
  folder?: string;
  value: number;
  unit: string;
  since: string;
  warns_at: number;
  clears_at: number;
}
export interface Measured {
  warnings?: ResourceWarning[];
  nodes?: { service: string; node: string; state: string; why?: string }[];
}
// A copy of what was sent: the document as it went.
export interface SentCopy {
  time: string;
  sent: { reports?: { id?: string; kind?: string }[] };
}
export interface GatewayStatus {
  version: string;
  started?: string;
  sandbox?: { mode: string };
  certificates?: Certificate[];
  listeners?: { name: string; address: string; certificates?: ShownCertificate[] }[];
  acme?: Ordered | null;
  revocations?: Revocation[];
  link?: MissionLine | null; // null: none is configured
  monitoring?: Measured | null;
  tokens?: { name: string; not_after: string; days: number; urgency: Urgency }[];
  roles?: Role[];
  component?: { services?: { name: string; path: string; credentials?: { role: string; kind: string }[] }[]; nodes?: Node[] };
  log?: {
    directory?: string;
    size?: number;
    durable?: number;
    writable: boolean;
    reason?: string;
    checkpoint?: { size: number; time?: string; problem?: string };
  };
  policy?: { hash?: string; capabilities?: number; operations?: number; loaded?: string; waits?: boolean };
  sessions?: { active: number };
  grants?: { signers?: string[]; signed_only?: boolean };
  admin_openid?: AdminProvider;
}

export interface Token {
  id: string;
  name: string;
  admin: string;
  rank: AdminRole;
  scopes: string[];
  networks: string[];
  created: string;
  not_after: string;
  usable: boolean;
  last_used?: { at: string; client: string };
  token?: string; // the answer that made it, and no other
}

export interface IntakeToken {
  id: string;
  name: string;
  service: string; // empty: each event says it
  created: string;
  not_after: string | null;
  token?: string; // the answer that made it, and no other
}
export interface RemoteGateway {
  name: string;
  service: string;
  registered: string;
  lost: string | null; // since when
}

export interface PolicyHead {
  hash: string;
  loaded?: string;
  waits: boolean;
  accepted: { hash: string; at?: string; by?: string; readable: boolean };
}
export type Effect = 'new' | 'looser' | 'gone' | 'stricter' | 'same';
export interface PolicyChange {
  kind: 'operation' | 'never' | 'role' | 'redaction';
  effect: Effect;
  capability?: string;
  title?: string;
  class?: 'read' | 'write';
  what: string;
  detail: string;
}
export interface PolicyDiff extends PolicyHead {
  counts: Record<Effect, number>;
  left_off: number;
  changes: PolicyChange[];
}

// How many there were when: columns, one number per part.
export interface Histogram {
  since: string;
  width_us: number;
  events: number[];
  warning: number[];
  severe: number[];
  exchanges: number[];
  refused: number[];
  counted_from?: string;
}

export interface CapabilityUse {
  capability: string;
  engineer: string;
  session: string;
  time: string;
  event: string;
}

export interface Patch {
  op: string;
  path: string;
  from?: string;
  old?: unknown;
  value?: unknown;
}
export interface Change {
  event: string;
  time: string;
  forwarded?: string;
  method?: string;
  target?: string;
  before_sha256?: string;
  after_sha256?: string;
  changes?: number;
  patch?: Patch[];
  undo?: { method: string; target: string; body?: unknown };
  why?: string;
}

export interface Exchange {
  event: string;
  index: number;
  time: string;
  method?: string;
  target?: string;
  target_bytes?: number; // where target has not all of it
  target_sha256?: string;
  capability?: string;
  operation?: string;
  class?: string;
  client?: string;
  node?: string;
  credential?: string;
  part_of?: string;
  hold?: string;
  policy?: string;
  outcome: string;
  status?: number;
  request_bytes?: number;
  response_bytes?: number;
  duration_us?: number;
  component_us?: number;
  code?: string;
  why?: string;
  nearest?: string;
  cut_reason?: string;
  cut_us?: number;
  bytes_after_cut?: number;
  retried?: boolean;
  protocol?: string;
  redacted?: number;
  redactions?: string[];
  websocket?: boolean;
  messages_in?: number;
  messages_out?: number;
  client_close?: number;
  component_close?: number;
  closed_by?: string;
}

export interface Proof {
  verified: boolean;
  checked: number;
  not_yet_signed: number;
  complete: boolean;
  faults: { index: number; what: string }[];
  checkpoint: { size: number; root: string };
}

export interface Page<T> {
  items: T[];
  next?: number;
}

export interface UpdateProgress {
  id?: string;
  service?: string;
  version?: string;
  before?: string;
  state: 'none' | 'under_way' | 'rolling_back' | 'done' | 'rolled_back' | 'stopped';
  by?: string;
  why?: string;
  stop_asked?: boolean;
  started?: string;
  ended?: string;
  nodes: {
    node: string;
    state: 'waiting' | 'working' | 'updated' | 'failed' | 'rolling_back' | 'rolled_back';
    steps: number;
    under_way: boolean;
    out: boolean;
    since: string;
    why?: string;
  }[];
}

export interface UpdatePlan {
  id: string;
  service: string;
  version: string;
  nodes: { node: string; healthy: boolean; updates: boolean; version?: string }[];
  steps: { kind: string; does: string; limit: string; tolerated: boolean }[];
  roll_back: { kind: string; does: string; limit: string; tolerated: boolean }[];
}

export interface AnnouncedUpdate {
  target: string;
  service?: string;
  product?: string;
  version: string;
  from?: string[];
  severity: 'low' | 'moderate' | 'important' | 'critical';
  bytes: number;
  sha256: string;
  have?: number;
  whole?: boolean;
  state: 'announced' | 'scheduled' | 'waiting' | 'suspended' | 'cancelled' | 'running' | 'done' | 'rolled_back' | 'stopped' | 'withdrawn';
  suspended: boolean;
  announced: string;
  not_before?: string;
  start?: string;
  until?: string;
  latest?: string;
  run?: string;
  began?: string;
  ended?: string;
  why?: string;
  notes?: string;
  history?: { at: string; what: string; by: string; why?: string }[];
}

export interface VendorDocument {
  version: number;
  expires: string;
}

export interface UpdateSources {
  configured: boolean;
  shared: boolean;
  root?: VendorDocument;
  timestamp?: VendorDocument;
  snapshot?: VendorDocument;
  targets?: VendorDocument;
  problem?: string;
  looked?: string;
  looking: boolean;
  keep: number;
  offers: { name: string; have: number; bytes: number; suspended: boolean; why?: string }[];
  left_out: { name: string; why: string }[];
}

export interface AnnouncedUpdates {
  items: AnnouncedUpdate[];
  next_window?: { from: string; until: string };
}
