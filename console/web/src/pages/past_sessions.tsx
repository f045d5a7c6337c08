// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// From a name, a ticket, a date or a word to the visit.
import { get, segment } from '../api/client';
import type { Page, Session } from '../api/types';
import { ChoiceFilter, FilterBar, TextFilter, TimeFilter } from '../components/filters';
import { Body, Empty, Trouble } from '../components/notice';
import { PageHead } from '../components/page';
import { Said } from '../components/said';
import { Tabs } from '../components/tabs';
import { When } from '../components/when';
import { Link, url_of, usePlace } from '../router';
import { useLoaded } from '../state/loaded';
import { useOlder } from '../state/older';
import { words } from '../text';
import { bytes } from '../text/count';
import { say_span } from '../time';
import { kSessionTabs } from './sessions';

const kFilters = ['engineer', 'ticket', 'since', 'until', 'outcome', 'text'];
const kPage = '50';

export function PastSessionsPage() {
  const { query } = usePlace();
  const asked: Record<string, string> = {};
  for (const name of kFilters) if (query.get(name)) asked[name] = query.get(name) ?? '';
  return (
    <>
      <PageHead title={words.nav.sessions} about={words.past.past} says={words.past.says} />
      <Tabs label={words.past.tabs} tabs={kSessionTabs} />
      <FilterBar>
        <TextFilter name="engineer" label={words.past.engineer} />
        <TextFilter name="ticket" label={words.past.ticket} />
        <TimeFilter />
        <ChoiceFilter name="outcome" label={words.past.outcome} none={words.past.any_outcome} choices={words.past.outcomes} />
        <TextFilter name="text" label={words.past.text} wide />
      </FilterBar>
      <section class="panel" id="past-sessions" aria-label={words.past.title}>
        <List key={url_of('', asked)} asked={asked} />
      </section>
    </>
  );
}

function List({ asked }: { asked: Record<string, string> }) {
  const question = (more: Record<string, string>) => `/sessions${url_of('', { state: 'ended', ...asked, limit: kPage, ...more })}`;
  const first = useLoaded(url_of('past', asked), () => get<Page<Session>>(question({})));
  const older = useOlder<Session>(first.part.value, (next) => get<Page<Session>>(question({ before: String(next) })));
  const filtered = Object.keys(asked).length > 0;
  const looking = Boolean(asked.text) || asked.outcome === 'changed';
  return (
    <Body part={first.part} what={words.past.title} retry={first.reload}>
      {() => {
        const known = new Set<string>();
        const rows = older.items.filter((one) => !known.has(one.id) && known.add(one.id));
        return (
          <>
            {rows.length === 0 ? (
              <Empty>{older.next !== undefined ? words.past.nothing_here : filtered ? words.past.nothing_found : words.past.empty}</Empty>
            ) : (
              <Table rows={rows} />
            )}
            <Trouble problem={older.problem} />
            {older.next !== undefined && (
              <p class="list-end">
                <button type="button" aria-busy={older.busy} onClick={older.more}>
                  {looking ? words.past.further : words.past.older}
                </button>
              </p>
            )}
          </>
        );
      }}
    </Body>
  );
}

function Table({ rows }: { rows: Session[] }) {
  return (
    <table class="sessions">
      <thead>
        <tr>
          <th scope="col">{words.past.engineer}</th>
          <th scope="col">{words.past.opened}</th>
          <th scope="col">{words.past.lasted}</th>
          <th scope="col">{words.past.ended}</th>
          <th scope="col">{words.sessions.client}</th>
          <th scope="col" class="number">
            {words.past.exchanges}
          </th>
          <th scope="col" class="number">
            {words.past.refused}
          </th>
          <th scope="col" class="number">
            {words.past.size}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((one) => (
          <tr key={one.id}>
            <th scope="row">
              <Link href={`/sessions/${segment(one.id)}`}>
                <Said text={one.engineer} />
              </Link>
            </th>
            <td data-label={words.past.opened}>
              <When time={one.opened} />
            </td>
            <td data-label={words.past.lasted}>
              {one.ended ? say_span(new Date(one.ended).getTime() - new Date(one.opened).getTime()) : words.past.still_open}
            </td>
            <td data-label={words.past.ended}>
              <Said text={words.session.reasons[one.reason ?? ''] ?? one.reason ?? ''} />
            </td>
            <td data-label={words.sessions.client}>
              <Said text={one.client ?? ''} />
            </td>
            <td data-label={words.past.exchanges} class="number">
              {one.exchanges.toLocaleString()}
            </td>
            <td data-label={words.past.refused} class={`number${one.refused > 0 ? ' warn' : ''}`}>
              {one.refused.toLocaleString()}
            </td>
            <td data-label={words.past.size} class="number">
              {bytes(one.response_bytes ?? 0)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
