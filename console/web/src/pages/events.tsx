// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log. The newest page stands first and grows while it is followed; older ones are fetched when asked for.
import { useEffect, useState } from 'preact/hooks';
import { get } from '../api/client';
import type { LogEvent, Page } from '../api/types';
import { EventItem } from '../components/event_item';
import { ChoiceFilter, FilterBar, TextFilter, TimeFilter } from '../components/filters';
import { Body, Empty, Trouble } from '../components/notice';
import { PageHead } from '../components/page';
import { go, url_of, usePlace, with_query } from '../router';
import { parts } from '../state/live';
import { useLoaded } from '../state/loaded';
import { useOlder } from '../state/older';
import { useStore } from '../state/store';
import { words } from '../text';

const kFilters = ['severity', 'type', 'since', 'until', 'text', 'session', 'actor'];
const kPage = '50';

export function EventsPage() {
  const { query } = usePlace();
  const asked: Record<string, string> = {};
  for (const name of kFilters) if (query.get(name)) asked[name] = query.get(name) ?? '';
  const live = query.get('live') !== 'off' && !asked.until;
  return (
    <>
      <PageHead title={words.nav.events} says={words.log.says} />
      <FilterBar>
        <ChoiceFilter name="severity" label={words.log.severity} none={words.log.at_least.info ?? ''} choices={kSeverities} />
        <ChoiceFilter name="type" label={words.log.family} none={words.log.any_family} choices={words.log.families} />
        <TimeFilter />
        <TextFilter name="text" label={words.log.text} wide />
        {asked.session !== undefined && <TextFilter name="session" label={words.log.session} />}
        <TextFilter name="actor" label={words.log.actor} />
        <label class="check">
          <input
            type="checkbox"
            checked={live}
            onChange={(event) => go(with_query({ live: event.currentTarget.checked ? '' : 'off' }), 'replace')}
          />{' '}
          {words.log.live}
        </label>
      </FilterBar>
      <section class="panel" id="events" aria-label={words.nav.events}>
        <List key={url_of('', asked)} asked={asked} live={live} />
      </section>
    </>
  );
}

const { info: _all, ...kSeverities } = words.log.at_least;

function List({ asked, live }: { asked: Record<string, string>; live: boolean }) {
  const first = useLoaded(url_of('events', asked), () => get<Page<LogEvent>>(`/events${url_of('', { ...asked, limit: kPage })}`));
  const older = useOlder<LogEvent>(first.part.value, (next) =>
    get<Page<LogEvent>>(`/events${url_of('', { ...asked, limit: kPage, before: String(next) })}`),
  );
  const arrived = useArrived(asked, live, first.part.value);
  const filtered = Object.keys(asked).length > 0;
  return (
    <Body part={first.part} what={words.nav.events} retry={first.reload}>
      {() => {
        const known = new Set<string>();
        const items = [...arrived, ...older.items].filter((one) => !known.has(one.id) && known.add(one.id));
        return (
          <>
            {items.length === 0 && (
              <Empty>{older.next !== undefined ? words.log.nothing_here : filtered ? words.log.nothing_found : words.log.empty}</Empty>
            )}
            <ul class="event-list">
              {items.map((one) => (
                <EventItem key={one.id} event={one} />
              ))}
            </ul>
            <Trouble problem={older.problem} />
            <p class="list-end">
              {older.next === undefined ? (
                items.length > 0 && <span class="quiet">{words.log.end}</span>
              ) : (
                <button type="button" aria-busy={older.busy} onClick={older.more}>
                  {asked.text ? words.log.further : words.log.older}
                </button>
              )}
            </p>
          </>
        );
      }}
    </Body>
  );
}

const kMostArrived = 500; // beyond it the page would only grow: what is older is asked for

// What came while the page is followed and fits its filter, newest first.
function useArrived(asked: Record<string, string>, live: boolean, first: Page<LogEvent> | undefined): LogEvent[] {
  const newest = useStore(parts.events).value?.[0];
  const [arrived, set_arrived] = useState<LogEvent[]>([]);
  const known = first?.items[0]?.index ?? -1;
  useEffect(() => {
    if (!live || !first) return;
    const fresh = (parts.events.get().value ?? []).filter((one) => (one.index ?? -1) > known && fits(one, asked));
    if (fresh.length === 0) return;
    set_arrived((old) => {
      const ids = new Set(old.map((one) => one.id));
      return [...fresh.filter((one) => !ids.has(one.id)), ...old].slice(0, kMostArrived);
    });
  }, [newest, live, known]);
  return arrived;
}

const kRanks = { info: 0, warning: 1, severe: 2 };

// As the gateway filters (audit/index.h); times aside, for what arrives now is new.
function fits(event: LogEvent, asked: Record<string, string>): boolean {
  const rank = kRanks[asked.severity as keyof typeof kRanks] ?? 0;
  const type = asked.type?.split(',') ?? [];
  return (
    kRanks[event.severity] >= rank &&
    (type.length === 0 || type.some((one) => event.type === one || event.type.startsWith(`${one}.`))) &&
    (!asked.session || event.session === asked.session) &&
    (!asked.actor || event.actor === asked.actor) &&
    (!asked.text || JSON.stringify(event).toLowerCase().includes(asked.text.toLowerCase()))
  );
}
