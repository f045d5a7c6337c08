// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The exchanges of a session: a report, oldest first, once it is over; while it is open the newest first, and followed. Filters stand in the address.
import { get, segment } from '../api/client';
import type { Exchange, Page, Session } from '../api/types';
import { ExchangeItem } from '../components/exchange_item';
import { ChoiceFilter, FilterBar, TextFilter } from '../components/filters';
import { Body, Empty, Trouble } from '../components/notice';
import { Section } from '../components/section';
import { Timeline } from '../components/timeline';
import { url_of, usePlace } from '../router';
import { useFollowed } from '../state/followed';
import { useLoaded } from '../state/loaded';
import { useOlder } from '../state/older';
import { words } from '../text';

const kPage = '100';

// Everything that will be printed is asked for first.
export type LoadAll = { current: () => Promise<void> };
const kMostPrinted = 5_000;

interface ExchangesProps {
  session: Session;
  touched: number | undefined; // index of its newest event
  load_all: LoadAll;
}

export function ExchangesSection({ session, touched, load_all }: ExchangesProps) {
  const { query } = usePlace();
  const asked = { outcome: query.get('outcome') ?? '', text: query.get('text') ?? '' };
  return (
    <Section id="exchanges" title={words.session.exchanges} count={session.exchanges + session.refused}>
      <div class="inset">
        <FilterBar>
          <ChoiceFilter name="outcome" label={words.session.filter} none={words.session.all} choices={{ refused: words.session.only_refused }} />
          <TextFilter name="text" label={words.session.text} wide />
        </FilterBar>
      </div>
      <List key={url_of('', asked)} session={session} asked={asked} touched={touched} load_all={load_all} />
    </Section>
  );
}

interface ListProps extends ExchangesProps {
  asked: { outcome: string; text: string };
}

function List({ session, asked, touched, load_all }: ListProps) {
  const path = `/sessions/${segment(session.id)}/exchanges`;
  const live = session.state === 'active';
  const order: Record<string, string> = live ? { order: 'newest' } : {};
  const page = (next: Record<string, string>) => get<Page<Exchange>>(`${path}${url_of('', { ...asked, ...order, limit: kPage, ...next })}`);
  const first = useLoaded(`${path}${url_of('', { ...asked, ...order })}`, () => page({}));
  const more = useOlder<Exchange>(first.part.value, (next) => page({ [live ? 'before' : 'after']: String(next) }));
  load_all.current = () => more.all(kMostPrinted);
  const follow = live && more.items.length === (first.part.value?.items.length ?? 0); // not while older ones are read
  const shown = useFollowed({ session: session.id, asked, touched, follow }, first.part.value, more.items, first.reload);
  const filtered = asked.outcome !== '' || asked.text !== '';
  const change_of = (event: string) => session.changes?.find((one) => one.forwarded === event);
  return (
    <Body part={first.part} what={words.session.exchanges} retry={first.reload}>
      {() =>
        shown.length === 0 && more.next === undefined ? (
          <Empty>{filtered ? words.session.nothing_found : words.session.empty}</Empty>
        ) : (
          <>
            <div class="inset">
              <Timeline begin={session.opened} end={session.ended ?? new Date().toISOString()} exchanges={shown} />
            </div>
            <ul class="exchange-list">
              {shown.map((one) => (
                <ExchangeItem key={one.event} exchange={one} change={change_of(one.event)} />
              ))}
            </ul>
            <Trouble problem={more.problem} />
            <p class="list-end">
              <span class="quiet">{words.session.shown(shown.length)}</span>{' '}
              {more.next !== undefined && (
                <button type="button" aria-busy={more.busy} onClick={more.more}>
                  {words.session.more}
                </button>
              )}
            </p>
          </>
        )
      }
    </Body>
  );
}
