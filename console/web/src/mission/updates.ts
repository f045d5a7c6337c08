// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Roll-outs of updates: their form (mission/desk/openapi.json), what is worked out of it for the page, and what the page says.
import { count } from '../text/count';

export const kLastRing = 9;

export type ToldState =
  | 'announced'
  | 'scheduled'
  | 'postponed'
  | 'ready'
  | 'running'
  | 'missed'
  | 'refused'
  | 'cancelled'
  | 'failed'
  | 'rolled_back'
  | 'done'
  | 'withdrawn';

export interface Told {
  state: ToldState | null; // null: it said nothing
  time: string | null;
  starts: string | null;
  why: string | null;
}

export interface RingProgress {
  ring: number;
  installations: number;
  offered: boolean;
  taken: number;
  waiting: number;
  failed: number;
  cancelled: number;
  not_for: number;
  untold: number;
  behind: number;
}

export interface PublishedUpdate {
  name: string;
  of: string;
  product: boolean;
  version: string;
  severity: 'low' | 'moderate' | 'important' | 'critical';
  notes: string;
  from: string[];
  not_before: string | null;
  postpone_hours: number;
  length: number;
  sha256: string;
  ring: number; // 0: to nobody
  stop_at: number;
  suspended: string | null;
  suspended_by: string | null; // an actor, or "failures"
  published: string;
  changed: string;
  rings: RingProgress[] | null;
}

export interface UpdateDocument {
  version: number;
  expires: string;
}

export interface PublishedUpdates {
  documents: (Record<'root' | 'timestamp' | 'snapshot' | 'targets', UpdateDocument | null> & { trouble: string | null }) | null;
  rings: { ring: number; installations: number }[];
  items: PublishedUpdate[];
}

export type ToldBy = Told & { id: string; customer: string; ring: number; offered: boolean };
export type ShownUpdate = PublishedUpdate & { rings: RingProgress[]; installations: ToldBy[]; next?: string };

export type UpdateOfOne = Told & Pick<PublishedUpdate, 'name' | 'of' | 'product' | 'version' | 'severity' | 'ring' | 'suspended'> & { offered: boolean };
export interface UpdatesOfOne {
  ring: number;
  items: UpdateOfOne[];
}

// Of one of the fleet (mission/desk/roll_out.h).
export interface Lag {
  ring: number;
  offered: number;
  behind: number;
  failed: number;
  untold: number;
}
export type Standing = 'failed' | 'behind' | 'untold' | 'current' | 'none';
export const standing_of = (lag: Lag | null | undefined): Standing => {
  if (!lag) return 'none';
  if (lag.failed > 0) return 'failed';
  if (lag.behind > 0) return 'behind';
  if (lag.untold > 0) return 'untold';
  return lag.offered > 0 ? 'current' : 'none';
};

type Size = { ring: number; installations: number };
const between = (sizes: Size[], above: number, to: number): number =>
  sizes.filter(({ ring }) => ring > above && ring <= to).reduce((sum, { installations }) => sum + installations, 0);

// The next ring that somebody is in; at the end the last one.
export const next_ring = (at: number, sizes: Size[]): number =>
  sizes.filter(({ ring, installations }) => ring > at && installations > 0).map(({ ring }) => ring).sort((a, b) => a - b)[0] ?? Math.min(at + 1, kLastRing);

const installations = (n: number) => count(n, 'installation', 'installations');
const rings_to = (ring: number) => (ring === 1 ? 'ring 1' : `rings 1 to ${ring}`);

export const roll_out = {
  title: 'Updates',
  says: 'What the vendor has published, up to which ring it is offered, and how far the installations are with it.',
  one: 'Update',
  what: (one: { of: string; version: string }) => `${one.of} ${one.version}`,
  published: 'Published',
  empty: 'Nothing is published yet. Updates are signed away from any server, and brought here with “mission-control update publish”.',
  severities: { low: 'low', moderate: 'moderate', important: 'important', critical: 'critical' } as Record<PublishedUpdate['severity'], string>,
  offered: (ring: number) => (ring === 0 ? 'Offered to nobody' : ring === kLastRing ? 'Offered to all' : `Offered up to ring ${ring}`),
  suspended: 'Suspended',
  suspended_by: (who: string) => (who === 'failures' ? 'by failures' : `by ${who.replace(/^person:/, '')}`),
  stops_at: (percent: number) => `stops at ${percent} % failures of a ring`,
  counts: (behind: number, failed: number) => `${installations(behind)} behind${failed > 0 ? `, ${failed.toLocaleString()} of them failed` : ''}`,
  all_have: 'all that it is offered to have it',
  ring_by_ring: 'Ring by ring',
  see_one: (what: string) => `Who has not taken ${what}`,
  notes: 'From the vendor',
  no_notes: 'The vendor says nothing about it.',
  documents: {
    title: 'The vendor’s documents',
    names: { root: 'Root', timestamp: 'Timestamp', snapshot: 'Snapshot', targets: 'Targets' },
    trouble: 'Customers take nothing from them:',
    renew: 'Renew the timestamp with “mission-control update sign”, and publish it.',
  },
  rings: {
    label: (what: string) => `How far the rings are with ${what}`,
    ring: 'Ring',
    taken: 'Have it',
    waiting: 'On its way',
    failed: 'Failed',
    untold: 'Said nothing',
    behind: 'Behind',
    not_offered: 'not offered',
    none: 'No installation has enrolled.',
    progress: (taken: number, all: number) => `${taken.toLocaleString()} of ${all.toLocaleString()} have it`,
  },
  facts: {
    name: 'Name',
    from: 'Replaces',
    any: 'any version',
    not_before: 'Not before',
    postpone: 'Can be put off for',
    hours: (n: number) => count(n, 'hour', 'hours'),
    length: 'Size',
    sha256: 'SHA-256',
    stop_at: 'Stops at',
    percent: (n: number) => `${n} % failures of a ring`,
  },
  told: {
    title: 'Who has not taken it',
    all: 'Everybody that it is offered to has it, or it is none for them.',
    nobody: 'It is offered to nobody.',
    more: 'Show more',
    first: (n: number) => `The first ${n.toLocaleString()}.`,
    customer: 'Customer',
    ring: 'Ring',
    state: 'State',
    since: 'Since',
    starts: 'starts',
    next: 'next window',
    states: {
      announced: 'Announced',
      scheduled: 'Planned',
      postponed: 'Put off',
      ready: 'Its file is there',
      running: 'Runs',
      missed: 'Missed its window',
      refused: 'Not begun',
      cancelled: 'Cancelled there',
      failed: 'Failed',
      rolled_back: 'Rolled back',
      done: 'Has it',
      withdrawn: 'None for it',
    } as Record<ToldState, string>,
    nothing: 'Said nothing',
    nothing_says: 'Who said nothing shares no events, does not look for updates, or does not have what it is for.',
  },
  act: {
    offer: (ring: number) => (ring === kLastRing ? 'Offer to all…' : `Offer to ring ${ring}…`),
    other: 'Other ring…',
    offer_it: 'Offer it',
    take_back: 'Take it back',
    ring: 'Up to ring',
    nobody: '0: nobody',
    will_widen: (what: string, ring: number, n: number) =>
      `${what} is offered to ${rings_to(ring)}: to ${installations(n)} that it was not offered to. Each announces it to its customer, who decides when it starts.`,
    will_narrow: (what: string, ring: number, n: number) =>
      `${what} is offered to ${ring === 0 ? 'nobody' : `${rings_to(ring)} alone`}: ${installations(n)} ${n === 1 ? 'is' : 'are'} not offered it any more. Where it has begun it goes on to its end.`,
    will_stay: (what: string, ring: number) => `${what} is offered to ${ring === 0 ? 'nobody' : rings_to(ring)} already: nothing changes.`,
    stays_suspended: 'It stays suspended: nobody begins it before it is resumed.',
    offered: (what: string, ring: number) => `${what} is offered to ${ring === 0 ? 'nobody' : rings_to(ring)}.`,
    suspend: 'Suspend…',
    suspend_it: 'Suspend it',
    will_suspend: (what: string) => `No installation begins ${what}, and its file is handed to nobody, until it is resumed. Where it has begun it goes on to its end.`,
    why: 'Why',
    why_hint: 'Customers are shown this.',
    was_suspended: (what: string) => `${what} is suspended.`,
    resume: 'Resume…',
    resume_it: 'Resume it',
    will_resume: (what: string, n: number | undefined, stop_at: number) =>
      `${what} may begin again${n === undefined ? '' : `: ${installations(n)} ${n === 1 ? 'has' : 'have'} not taken it`}. Those where it failed so far do not count any more: it is suspended again if it fails at ${stop_at} % of a ring besides them.`,
    was_resumed: (what: string) => `${what} goes on.`,
    limit: 'Stop limit…',
    limit_it: 'Set the limit',
    limit_label: 'Percent of a ring',
    limit_hint: '1 to 100. Among how many installations of a ring it must have failed.',
    will_limit: (what: string) => `${what} is suspended for all by itself, once so many of a ring’s installations have told that it failed or was rolled back there.`,
    limit_wrong: 'The limit is a whole number from 1 to 100.',
    was_limited: (percent: number) => `It stops at ${percent} % of a ring.`,
  },
  fleet: {
    column: 'Updates',
    any: 'Any updates',
    sort: 'Updates, furthest behind first',
    standings: { failed: 'Failed', behind: 'Behind', untold: 'Said nothing', current: 'Up to date', none: 'Nothing offered' } as Record<Standing, string>,
    says: (lag: Lag): string => {
      if (lag.failed > 0) return lag.behind > lag.failed ? `${lag.failed} failed, ${lag.behind} behind` : `${lag.failed} failed`;
      if (lag.behind > 0) return `${lag.behind} behind`;
      return lag.untold > 0 ? `said nothing of ${lag.untold}` : 'up to date';
    },
  },
  of_one: {
    title: 'Updates',
    ring: (ring: number) => `In ring ${ring}`,
    ring_says: (ring: number) => (ring === 1 ? 'offered every update first' : ring === kLastRing ? 'offered what is offered to all' : `offered what is offered up to ring ${ring}`),
    none: 'Nothing is offered to its ring.',
    not_offered: 'not offered to its ring',
    change: 'Change the ring…',
    change_it: 'Change it',
    will: (customer: string, ring: number, more: string[], fewer: string[]) =>
      `${customer} goes to ring ${ring}.` +
      (more.length > 0 ? ` ${more.join(', ')} ${more.length === 1 ? 'is' : 'are'} offered to it from then on.` : '') +
      (fewer.length > 0 ? ` ${fewer.join(', ')} ${fewer.length === 1 ? 'is' : 'are'} not offered to it any more.` : '') +
      (more.length + fewer.length === 0 ? ' What is offered to it stays the same.' : ''),
    changed: (ring: number) => `It is in ring ${ring}.`,
  },
  // How many installations another ring brings (above what it is) or takes (below).
  more: (sizes: Size[], from: number, to: number) => between(sizes, from, to),
  fewer: (sizes: Size[], from: number, to: number) => between(sizes, to, from),
};
