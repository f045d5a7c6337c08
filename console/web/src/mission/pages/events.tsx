// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Two records: what came from installations or was noticed about them, and what people did. Each newest first; older ones are
// fetched when asked for.
import { useEffect } from 'preact/hooks';
import { get, segment } from '../../api/client';
import type { Page } from '../../api/types';
import { Raw } from '../../components/event_item';
import { FilterBar, TextFilter } from '../../components/filters';
import { ListEnd } from '../../components/list_end';
import { Body, Empty, Trouble } from '../../components/notice';
import { PageHead } from '../../components/page';
import { Said } from '../../components/said';
import { Tabs } from '../../components/tabs';
import { When } from '../../components/when';
import { Link, go, url_of, usePlace, with_query } from '../../router';
import { useLoaded } from '../../state/loaded';
import { useOlder } from '../../state/older';
import { useStore } from '../../state/store';
import { news, parts } from '../live';
import type { Act, FleetEvent } from '../types';
import { w } from '../words';

const kPage = '50';

function useAsked(names: string[]): Record<string, string> {
  const { query } = usePlace();
  const asked: Record<string, string> = {};
  for (const name of names) if (query.get(name)) asked[name] = query.get(name) ?? '';
  return asked;
}

export function EventsPage() {
  const asked = useAsked(['installation', 'type']);
  const live = usePlace().query.get('live') !== 'off';
  return (
    <>
      <PageHead title={w.events.title} says={w.events.says} />
      <Tabs label={w.events.tabs_label} tabs={w.events.tabs} />
      <FilterBar>
        <TextFilter name="type" label={w.events.type} />
        <TextFilter name="installation" label={w.events.installation} wide />
        <label class="check">
          <input
            type="checkbox"
            checked={live}
            onChange={(event) => go(with_query({ live: event.currentTarget.checked ? '' : 'off' }), 'replace')}
          />{' '}
          {w.events.live}
        </label>
      </FilterBar>
      <section class="panel" id="events" aria-label={w.events.title}>
        <EventList key={url_of('', asked)} asked={asked} live={live} named />
      </section>
    </>
  );
}

export function ActsPage() {
  const asked = useAsked(['type', 'actor']);
  return (
    <>
      <PageHead title={w.events.title} says={w.events.acts_says} />
      <Tabs label={w.events.tabs_label} tabs={w.events.tabs} />
      <FilterBar>
        <TextFilter name="type" label={w.events.type} />
        <TextFilter name="actor" label={w.events.actor} />
      </FilterBar>
      <section class="panel" id="acts" aria-label={w.events.title}>
        <List<Act> key={url_of('', asked)} path="/acts" asked={asked} live>
          {(one) => <ActItem key={one.id} act={one} />}
        </List>
      </section>
    </>
  );
}

interface EventListProps {
  asked: Record<string, string>;
  live: boolean;
  named?: boolean; // say whose each is
}

export const EventList = ({ asked, live, named = false }: EventListProps) => (
  <List<FleetEvent> path="/events" asked={asked} live={live}>
    {(one) => <EventRow key={`${one.installation} ${one.id}`} event={one} named={named} />}
  </List>
);

interface ListProps<T> {
  path: string;
  asked: Record<string, string>;
  live: boolean;
  children: (one: T) => preact.ComponentChildren;
}

function List<T extends { id: string; number: number }>({ path, asked, live, children }: ListProps<T>) {
  const load = (before?: number) =>
    get<Page<T>>(`${path}${url_of('', { ...asked, limit: kPage, before: before === undefined ? undefined : String(before) })}`);
  const first = useLoaded(url_of(path, asked), () => load());
  const changed = useStore(news);
  const older = useOlder<T>(first.part.value, load);
  const further = older.items.length > Number(kPage); // whoever reads older ones is not thrown back
  useEffect(() => {
    if (live && !further) first.reload();
  }, [changed, live]);
  const filtered = Object.keys(asked).length > 0;
  return (
    <Body part={first.part} what={w.events.title} retry={first.reload}>
      {() => (
        <>
          {older.items.length === 0 && <Empty>{filtered ? w.events.nothing : w.events.empty}</Empty>}
          <ul class="event-list">{older.items.map(children)}</ul>
          <Trouble problem={older.problem} />
          <ListEnd
            says={older.next === undefined && older.items.length > 0 && w.events.end}
            more={older.next === undefined ? '' : w.events.older}
            busy={older.busy}
            on_more={older.more}
          />
        </>
      )}
    </Body>
  );
}

const kWarned = /twice|late|refused|slowed|locked/;

function EventRow({ event, named }: { event: FleetEvent; named: boolean }) {
  const customer = useStore(parts.installations).value?.find((one) => one.id === event.installation)?.customer;
  return (
    <li class={`event event-${kWarned.test(event.type) ? 'warning' : 'info'}`}>
      <details>
        <summary>
          <span class="dot" aria-hidden="true" />
          <span class="event-says">
            <Said text={event.type} />
            <small>
              {named && <Said text={`${customer ?? event.installation} · `} />}
              {event.by === 'installation' ? w.events.by_it : w.events.by_us}
            </small>
          </span>
          <When time={event.time} seconds />
        </summary>
        <div class="event-more">
          {named && (
            <p class="leads">
              <Link href={`/installations/${segment(event.installation)}`}>{w.installation}</Link>
            </p>
          )}
          <Raw value={event} />
        </div>
      </details>
    </li>
  );
}

const ActItem = ({ act }: { act: Act }) => (
  <li class={`event event-${kWarned.test(act.type) ? 'warning' : 'info'}`}>
    <details>
      <summary>
        <span class="dot" aria-hidden="true" />
        <span class="event-says">
          <Said text={`${act.type}${act.subject ? ` ${act.subject}` : ''}`} />
          <small>
            <Said text={`${act.actor.replace(/^person:/, '')} ${w.events.from} ${act.from || '–'}`} />
          </small>
        </span>
        <When time={act.time} seconds />
      </summary>
      <div class="event-more">
        <Raw value={act} />
      </div>
    </details>
  </li>
);
