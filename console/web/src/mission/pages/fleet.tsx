// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The fleet: how many are up, and a table that is searched, filtered and sorted in the page. Only so many rows are drawn at a time.
import { useState } from 'preact/hooks';
import { segment } from '../../api/client';
import { ChoiceFilter, FilterBar, TextFilter } from '../../components/filters';
import { ListEnd } from '../../components/list_end';
import { Body, Empty } from '../../components/notice';
import { PageHead } from '../../components/page';
import { Said } from '../../components/said';
import { Tile } from '../../components/tile';
import { Ago } from '../../components/when';
import { Link, url_of, usePlace } from '../../router';
import { useStore } from '../../state/store';
import { fetch_installations, parts } from '../live';
import type { MissionPageProps } from '../routes';
import type { Health, HealthRow, Installation, ListedInstallation, State } from '../types';
import { roll_out, standing_of, type Lag, type Standing } from '../updates';
import { w } from '../words';
import { Alerts } from './alerts';

const kRows = 200;
const kStates: State[] = ['up', 'late', 'new', 'retired'];
const kUrgency: Record<State, number> = { late: 0, new: 1, up: 2, retired: 3 };
const kWorst: Record<Health | 'unknown', number> = { critical: 0, warning: 1, unknown: 2, ok: 3 };
const kFactOf: Record<Health, string> = { ok: 'good', warning: 'warn', critical: 'bad' };
const health_of = (one: Installation): Health | 'unknown' => one.newest_health?.status ?? 'unknown';
// The fullest of what there is.
const load_of = ({ newest_health: health }: Installation): number => Math.max(-1, health?.cpu ?? -1, health?.memory ?? -1, health?.storage ?? -1);
const kHealth = { up: 'good', late: 'bad', new: 'plain', retired: 'plain' } as const;

// "0.10.1" after "0.9": by its numbers.
const by_version = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

const kFurthest: Record<Standing, number> = { failed: 0, behind: 1, untold: 2, current: 3, none: 4 };
const by_updates = ({ updates: a }: ListedInstallation, { updates: b }: ListedInstallation) =>
  kFurthest[standing_of(a)] - kFurthest[standing_of(b)] || (b?.behind ?? 0) - (a?.behind ?? 0);

const sorts: Record<string, (a: ListedInstallation, b: ListedInstallation) => number> = {
  customer: (a, b) => a.customer.localeCompare(b.customer),
  state: (a, b) => kUrgency[a.state] - kUrgency[b.state],
  health: (a, b) => kWorst[health_of(a)] - kWorst[health_of(b)],
  load: (a, b) => load_of(b) - load_of(a),
  version: (a, b) => by_version(a.version, b.version),
  updates: by_updates,
  heard: (a, b) => (b.heard ?? '').localeCompare(a.heard ?? ''),
};

export function FleetPage({ may_operate }: MissionPageProps) {
  const part = useStore(parts.installations);
  return (
    <>
      <PageHead title={w.fleet.title} says={w.fleet.says} />
      <Alerts may_operate={may_operate} />
      <Body part={part} what={w.fleet.title} retry={() => void fetch_installations()}>
        {(all) => (all.length === 0 ? <Nobody /> : <Fleet all={all} />)}
      </Body>
    </>
  );
}

const Nobody = () => (
  <section class="panel">
    <Empty>{w.fleet.empty}</Empty>
    <div class="inset">
      <p>
        <Link href="/enrolment">{w.fleet.to_enrolment}</Link>
      </p>
    </div>
  </section>
);

function Fleet({ all }: { all: ListedInstallation[] }) {
  const { query } = usePlace();
  const [rows, set_rows] = useState(kRows);
  const text = (query.get('text') ?? '').toLowerCase();
  const [state, version, health, updates] = ['state', 'version', 'health', 'updates'].map((name) => query.get(name));
  const order = sorts[query.get('sort') ?? ''] ?? sorts.customer!;
  const found = all
    .filter((one) => (!state || one.state === state) && (!version || one.version === version) && (!health || health_of(one) === health))
    .filter((one) => !updates || standing_of(one.updates) === updates || (updates === 'behind' && (one.updates?.behind ?? 0) > 0))
    .filter((one) => !text || one.customer.toLowerCase().includes(text) || one.id.toLowerCase().includes(text))
    .sort((a, b) => order(a, b) || a.customer.localeCompare(b.customer) || a.id.localeCompare(b.id));
  const versions = [...new Set(all.map((one) => one.version).filter(Boolean))].sort(by_version);
  return (
    <>
      <h2 class="hidden">{w.fleet.counts}</h2>
      <ul class="tiles counts">
        {kStates.map((one) => {
          const n = all.filter((each) => each.state === one).length;
          return (
            <Tile
              key={one}
              title={w.states[one]}
              value={n.toLocaleString()}
              health={n > 0 ? kHealth[one] : 'plain'}
              href={url_of('/', { state: one })}
            >
              {w.state_says[one]}
            </Tile>
          );
        })}
      </ul>
      <FilterBar>
        <TextFilter name="text" label={w.fleet.search} wide />
        <ChoiceFilter name="state" label={w.state} none={w.fleet.any_state} choices={w.states} />
        <ChoiceFilter name="health" label={w.one.health} none={w.fleet.any_health} choices={kHealths} />
        <ChoiceFilter name="updates" label={roll_out.fleet.column} none={roll_out.fleet.any} choices={roll_out.fleet.standings} />
        <ChoiceFilter
          name="version"
          label={w.version}
          none={w.fleet.any_version}
          choices={Object.fromEntries(versions.map((one) => [one, one]))}
        />
        <ChoiceFilter name="sort" label={w.fleet.sort} none={w.fleet.sorts.customer} choices={kOtherSorts} />
      </FilterBar>
      <section class="panel" id="fleet" aria-label={w.fleet.title}>
        {found.length === 0 ? <Empty>{w.fleet.nothing}</Empty> : <Table rows={found.slice(0, rows)} />}
        <ListEnd
          says={w.fleet.shown(Math.min(rows, found.length), all.length)}
          more={found.length > rows ? w.fleet.more(Math.min(kRows, found.length - rows)) : ''}
          on_more={() => set_rows(rows + kRows)}
        />
      </section>
    </>
  );
}

const kHealths = { ...w.one.healths, unknown: w.fleet.unknown };
const { customer: _first, ...kFleetSorts } = w.fleet.sorts;
const kOtherSorts = { ...kFleetSorts, updates: roll_out.fleet.sort };

const Table = ({ rows }: { rows: ListedInstallation[] }) => (
  <table class="sessions fleet">
    <thead>
      <tr>
        <th scope="col">{w.customer}</th>
        <th scope="col">{w.state}</th>
        <th scope="col">{w.one.health}</th>
        <th scope="col">{w.fleet.load}</th>
        <th scope="col">{w.version}</th>
        <th scope="col">{roll_out.fleet.column}</th>
        <th scope="col">{w.heard}</th>
        <th scope="col">{w.one.id}</th>
      </tr>
    </thead>
    <tbody>
      {rows.map((one) => (
        <tr key={one.id}>
          <th scope="row">
            <Link href={`/installations/${segment(one.id)}`}>
              <Said text={one.customer} />
            </Link>
          </th>
          <td data-label={w.state}>
            <StateOf one={one} />
          </td>
          <td data-label={w.one.health}>
            <HealthOf row={one.newest_health} />
          </td>
          <td data-label={w.fleet.load}>
            <LoadOf row={one.newest_health} />
          </td>
          <td data-label={w.version}>
            <Said text={one.version || '–'} />
          </td>
          <td data-label={roll_out.fleet.column}>
            <LagOf lag={one.updates} />
          </td>
          <td data-label={w.heard}>{one.heard ? <Ago time={one.heard} /> : w.never}</td>
          <td data-label={w.one.id}>
            <code>{one.id}</code>
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);

const kLagFact: Record<Standing, string> = { failed: 'bad', behind: 'warn', untold: 'plain', current: 'good', none: 'plain' };

const LagOf = ({ lag }: { lag: Lag | null }) =>
  !lag || standing_of(lag) === 'none' ? (
    <span class="quiet">–</span>
  ) : (
    <span class={`state fact-${kLagFact[standing_of(lag)]}`}>
      <span class="dot" aria-hidden="true" />
      {roll_out.fleet.says(lag)}
    </span>
  );

const HealthOf = ({ row }: { row?: HealthRow | null | undefined }) =>
  row ? (
    <span class={`state fact-${kFactOf[row.status]}`}>
      <span class="dot" aria-hidden="true" />
      {w.one.healths[row.status]}
    </span>
  ) : (
    <span class="quiet">{w.fleet.unknown}</span>
  );

const kLoads = ['cpu', 'memory', 'storage'] as const;

const LoadOf = ({ row }: { row?: HealthRow | null | undefined }) => {
  const told = kLoads.filter((name) => row?.[name] !== undefined);
  if (!row || told.length === 0) return <span class="quiet">–</span>;
  return (
    <span class="loads">
      {told.map((name) => (
        <span key={name} title={w.measures.names[name]}>
          <small>{w.fleet.short[name]}</small> {Math.round(row[name] ?? 0)}%
        </span>
      ))}
    </span>
  );
};

export const StateOf = ({ one }: { one: Installation }) => (
  <span class={`state fact-${kHealth[one.state]}`}>
    <span class="dot" aria-hidden="true" />
    {w.states[one.state]} {one.contested && <b class="badge badge-write">{w.contested}</b>}
  </span>
);
