// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One update: what it is, ring by ring how far it is, and who has not taken it and why. Of these so many are shown at a time.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, segment } from '../../api/client';
import { Facts } from '../../components/facts';
import { ListEnd } from '../../components/list_end';
import { Body, Empty } from '../../components/notice';
import { PageHead } from '../../components/page';
import { Said } from '../../components/said';
import { Section } from '../../components/section';
import { When } from '../../components/when';
import { Link, url_of } from '../../router';
import { useLoaded, useSlowed } from '../../state/loaded';
import { useStore } from '../../state/store';
import { bytes } from '../../text/count';
import { news } from '../live';
import type { MissionPageProps } from '../routes';
import { Rings } from '../sections/rings';
import { RollOut } from '../sections/roll_out';
import { ToldState } from '../sections/told';
import { roll_out as text, type ShownUpdate } from '../updates';
import { kCountedEveryMs, UpdateHead } from './updates';

const kRows = 200;
const kMostRows = 1000; // the server's

export function UpdatePage({ id, may_operate }: MissionPageProps) {
  const [rows, set_rows] = useState(kRows);
  const wanted = useRef(rows); // more of them is the same question: what is shown stays meanwhile
  wanted.current = rows;
  const { part, reload } = useLoaded(`update ${id}`, () =>
    get<ShownUpdate>(url_of(`/updates/${segment(id)}`, { of: 'behind', limit: String(wanted.current) })),
  );
  const changed = useSlowed(useStore(news), kCountedEveryMs);
  useEffect(reload, [changed, rows]);
  return (
    <>
      <p class="crumb">
        <Link href="/updates">{text.title}</Link>
      </p>
      <PageHead title={part.value ? text.what(part.value) : text.one} about={part.value ? text.what(part.value) : ''} />
      <Body part={part} what={text.one} retry={reload}>
        {(one) => (
          <div class="column">
            <section class="panel" id="roll-out" aria-label={text.what(one)}>
              <div class="row update">
                <UpdateHead update={one} />
                <Rings what={text.what(one)} rings={one.rings} />
                {may_operate && <RollOut update={one} sizes={one.rings} on_changed={reload} />}
                <UpdateFacts one={one} />
              </div>
            </section>
            <Section id="told" title={text.told.title}>
              {one.installations.length === 0 ? <Empty>{one.ring === 0 ? text.told.nobody : text.told.all}</Empty> : <WhoTable one={one} />}
              <ListEnd
                says={[one.next && text.told.first(one.installations.length), one.installations.some((each) => each.state === null) && text.told.nothing_says].filter(Boolean).join(' ')}
                more={one.next && rows < kMostRows ? text.told.more : ''}
                on_more={() => set_rows(Math.min(kMostRows, rows + kRows))}
              />
            </Section>
          </div>
        )}
      </Body>
    </>
  );
}

const UpdateFacts = ({ one }: { one: ShownUpdate }) => (
  <Facts
    facts={[
      [text.facts.from, one.from.join(', ') || text.facts.any],
      [text.facts.not_before, one.not_before && <When time={one.not_before} />],
      [text.facts.postpone, text.facts.hours(one.postpone_hours)],
      [text.facts.stop_at, text.facts.percent(one.stop_at)],
      [text.facts.length, bytes(one.length)],
      [text.facts.sha256, one.sha256],
    ]}
  />
);

const WhoTable = ({ one }: { one: ShownUpdate }) => (
  <table class="sessions fleet">
    <thead>
      <tr>
        <th scope="col">{text.told.customer}</th>
        <th scope="col">{text.told.ring}</th>
        <th scope="col">{text.told.state}</th>
        <th scope="col">{text.told.since}</th>
      </tr>
    </thead>
    <tbody>
      {one.installations.map((each) => (
        <tr key={each.id}>
          <th scope="row">
            <Link href={`/installations/${segment(each.id)}`}>
              <Said text={each.customer} />
            </Link>
          </th>
          <td data-label={text.told.ring}>{each.ring}</td>
          <td data-label={text.told.state}>
            <ToldState told={each} />
          </td>
          <td data-label={text.told.since}>{each.time ? <When time={each.time} /> : '–'}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
