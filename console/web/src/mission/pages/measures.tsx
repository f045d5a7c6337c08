// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What one installation measured: how it was, as pictures and as a table, and what was used of it.
import { useState } from 'preact/hooks';
import { items, segment } from '../../api/client';
import { LinesPlot, type PlotLine } from '../../components/lines_plot';
import { ListEnd } from '../../components/list_end';
import { Body, Empty } from '../../components/notice';
import { Section } from '../../components/section';
import { When } from '../../components/when';
import { useEvery, useLoaded } from '../../state/loaded';
import type { HealthRow, UsageHour } from '../types';
import { w } from '../words';

type Span = 'days' | 'year';
type Measure = keyof typeof w.measures.names;

const kAskEveryMs = 120_000; // as often as a row is told
const kGap: Record<Span, number> = { days: 600, year: 7200 };
const kRowsShown = 10;

interface ChoicesProps<T extends string> {
  label: string;
  choices: Record<T, string>;
  chosen: T;
  on_choose: (one: T) => void;
}

function Choices<T extends string>({ label, choices, chosen, on_choose }: ChoicesProps<T>) {
  return (
    <div class="spans" role="group" aria-label={label}>
      {(Object.entries(choices) as [T, string][]).map(([one, name]) => (
        <button key={one} type="button" aria-pressed={one === chosen} class={one === chosen ? '' : 'ghost'} onClick={() => on_choose(one)}>
          {name}
        </button>
      ))}
    </div>
  );
}

export function Measures({ id }: { id: string }) {
  const [span, set_span] = useState<Span>('days');
  const { part, reload } = useLoaded(`${id} ${span}`, () => items<HealthRow>(`/installations/${segment(id)}/health?of=${span}`));
  useEvery(kAskEveryMs, reload);
  return (
    <>
      <Section id="measures" title={w.measures.title}>
        <div class="inset">
          <Choices label={w.measures.span_label} choices={w.measures.spans} chosen={span} on_choose={set_span} />
          <Body part={part} what={w.measures.title} retry={reload}>
            {(rows) => (rows.length === 0 ? <Empty>{w.measures.none}</Empty> : <Pictures rows={rows} span={span} />)}
          </Body>
        </div>
      </Section>
      {(part.value?.length ?? 0) > 0 && <History key={span} rows={part.value ?? []} />}
    </>
  );
}

function Pictures({ rows, span }: { rows: HealthRow[]; span: Span }) {
  const [drawn, set_drawn] = useState<{ rows: HealthRow[]; times: string[]; rising: HealthRow[] } | null>(null);
  // Drawn anew for other rows alone, and not each time that the page is.
  const now = drawn?.rows === rows ? drawn : { rows, times: [...rows].reverse().map((row) => row.time), rising: [...rows].reverse() };
  if (now !== drawn) set_drawn(now);
  const line = (name: Measure, colour: PlotLine['colour']): PlotLine => ({
    name: w.measures.names[name],
    colour,
    values: now.rising.map((row) => row[name] ?? null),
  });
  const told = (lines: PlotLine[]) => lines.filter((one) => one.values.some((value) => value !== null));
  const [load, goals] = [
    told([line('cpu', '--accent'), line('memory', '--focus'), line('storage', '--warn')]),
    told([line('availability', '--good'), line('processing', '--focus')]),
  ];
  return (
    <>
      {load.length > 0 && <LinesPlot times={now.times} lines={load} low={0} gap_s={kGap[span]} says={w.measures.says} />}
      {goals.length > 0 && <LinesPlot times={now.times} lines={goals} low={95} gap_s={kGap[span]} says={w.measures.says} />}
    </>
  );
}

const percent = (value?: number) => (value === undefined ? '–' : `${value.toLocaleString(undefined, { maximumFractionDigits: 2 })} %`);
const kColumns: Measure[] = ['availability', 'processing', 'cpu', 'memory', 'storage'];

function History({ rows }: { rows: HealthRow[] }) {
  const [shown, set_shown] = useState(kRowsShown);
  return (
    <Section id="history" title={w.measures.history}>
      <table class="sessions fleet">
        <thead>
          <tr>
            <th scope="col">{w.measures.time}</th>
            <th scope="col">{w.one.health}</th>
            <th scope="col">{w.measures.nodes}</th>
            {kColumns.map((name) => (
              <th key={name} scope="col" class="number">
                {w.measures.names[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map((row) => (
            <tr key={row.time}>
              <th scope="row">
                <When time={row.time} />
              </th>
              <td data-label={w.one.health}>{w.one.healths[row.status]}</td>
              <td data-label={w.measures.nodes}>{row.nodes === undefined ? '–' : `${row.up ?? 0} / ${row.nodes}`}</td>
              {kColumns.map((name) => (
                <td key={name} data-label={w.measures.names[name]} class="number">
                  {percent(row[name])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <ListEnd
        says={w.measures.history_of(Math.min(shown, rows.length))}
        more={rows.length > shown ? w.measures.older : ''}
        on_more={() => set_shown(shown + 5 * kRowsShown)}
      />
    </Section>
  );
}

type Per = 'day' | 'hour';

// The newest first. A day is one of UTC, as bills have it.
function summed(hours: UsageHour[], per: Per): UsageHour[] {
  const newest = [...hours].reverse();
  if (per === 'hour') return newest;
  const days = new Map<string, UsageHour>();
  for (const one of newest) {
    const day = `${one.hour.slice(0, 10)}T00:00:00Z`;
    const sum = days.get(day) ?? { installation: one.installation, hour: day, complete: true, counts: {} };
    sum.complete &&= one.complete;
    for (const [name, n] of Object.entries(one.counts)) sum.counts[name] = (sum.counts[name] ?? 0) + n;
    days.set(day, sum);
  }
  return [...days.values()];
}

const kDays = 31;
const component_of = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .filter(([name]) => name.startsWith('component.'))
    .map(([name, n]) => `${name.slice('component.'.length)} ${n.toLocaleString()}`)
    .join(', ');

export function Usage({ id }: { id: string }) {
  const [per, set_per] = useState<Per>('day');
  const since = new Date(Date.now() - kDays * 86_400_000).toISOString().slice(0, 13);
  const { part, reload } = useLoaded(`${id} ${since}`, () => items<UsageHour>(`/usage?installation=${segment(id)}&since=${since}:00:00Z`));
  return (
    <Section id="usage" title={w.usage.title}>
      <Body part={part} what={w.usage.title} retry={reload}>
        {(hours) =>
          hours.length === 0 ? (
            <Empty>{w.usage.none}</Empty>
          ) : (
            <>
              <div class="inset">
                <Choices label={w.usage.per_label} choices={w.usage.per} chosen={per} on_choose={set_per} />
              </div>
              <UsageTable key={per} rows={summed(hours, per)} per={per} />
              <p class="inset">
                <a href={`/api/v1/usage?installation=${segment(id)}&format=csv`} download="usage.csv">
                  {w.usage.csv}
                </a>
              </p>
            </>
          )
        }
      </Body>
    </Section>
  );
}

const kCounts = [
  ['sessions', w.usage.sessions],
  ['exchanges_read', w.usage.read],
  ['exchanges_write', w.usage.write],
  ['exchanges_refused', w.usage.refused],
  ['bytes_out', w.usage.bytes],
] as const;

function UsageTable({ rows, per }: { rows: UsageHour[]; per: Per }) {
  const [shown, set_shown] = useState(kRowsShown);
  const component = rows.some((row) => component_of(row.counts));
  return (
    <>
      <table class="sessions fleet">
        <thead>
          <tr>
            <th scope="col">{w.usage.when[per]}</th>
            {kCounts.map(([name, title]) => (
              <th key={name} scope="col" class="number">
                {title}
              </th>
            ))}
            {component && <th scope="col">{w.usage.component}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map((row) => (
            <tr key={row.hour}>
              <th scope="row">
                {per === 'day' ? row.hour.slice(0, 10) : <When time={row.hour} />}
                {!row.complete && <small title={w.usage.partial}> *</small>}
              </th>
              {kCounts.map(([name, title]) => (
                <td key={name} data-label={title} class="number">
                  {row.counts[name]?.toLocaleString() ?? '–'}
                </td>
              ))}
              {component && <td data-label={w.usage.component}>{component_of(row.counts)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown && <ListEnd more={w.measures.older} on_more={() => set_shown(shown + 5 * kRowsShown)} />}
    </>
  );
}
