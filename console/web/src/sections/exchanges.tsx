// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The exchanges of a session, oldest first. Filters stand in the address; while the session is open, its newest page is asked for
// again when something happened.
import { useEffect } from 'preact/hooks';
import { get, segment } from '../api/client';
import type { Exchange, Page, Session } from '../api/types';
import { ExchangeItem } from '../components/exchange_item';
import { ChoiceFilter, FilterBar, TextFilter } from '../components/filters';
import { Body, Empty, Trouble } from '../components/notice';
import { Section } from '../components/section';
import { Timeline } from '../components/timeline';
import { url_of, usePlace } from '../router';
import { useLoaded } from '../state/loaded';
import { useOlder } from '../state/older';
import { words } from '../text';

const kPage = '100';

export function ExchangesSection({ session, touched }: { session: Session; touched: string | undefined }) {
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
      <List key={url_of('', asked)} session={session} asked={asked} touched={touched} />
    </Section>
  );
}

interface ListProps {
  session: Session;
  asked: { outcome: string; text: string };
  touched: string | undefined;
}

function List({ session, asked, touched }: ListProps) {
  const path = `/sessions/${segment(session.id)}/exchanges`;
  const page = (after: string) => get<Page<Exchange>>(`${path}${url_of('', { ...asked, limit: kPage, after })}`);
  const first = useLoaded(`${path}${url_of('', asked)}`, () => page(''));
  const more = useOlder<Exchange>(first.part.value, (next) => page(String(next)));
  useEffect(() => {
    if (touched && first.part.value && first.part.value.next === undefined) first.reload();
  }, [touched]);
  const filtered = asked.outcome !== '' || asked.text !== '';
  const change_of = (event: string) => session.changes?.find((one) => one.forwarded === event);
  return (
    <Body part={first.part} what={words.session.exchanges} retry={first.reload}>
      {() =>
        more.items.length === 0 && more.next === undefined ? (
          <Empty>{filtered ? words.session.nothing_found : words.session.empty}</Empty>
        ) : (
          <>
            <div class="inset">
              <Timeline begin={session.opened} end={session.ended ?? new Date().toISOString()} exchanges={more.items} />
            </div>
            <ul class="exchange-list">
              {more.items.map((one) => (
                <ExchangeItem key={one.event} exchange={one} change={change_of(one.event)} />
              ))}
            </ul>
            <Trouble problem={more.problem} />
            <p class="list-end">
              <span class="quiet">{words.session.shown(more.items.length)}</span>{' '}
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
