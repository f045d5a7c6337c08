// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One visit, live or over: who, when, exactly what, what it changed, and whether the record of it is what was signed.
import { useEffect, useRef } from 'preact/hooks';
import { get, items, segment } from '../api/client';
import type { Grant, LogEvent, Page, Session } from '../api/types';
import { ChangeView } from '../components/change_view';
import { Facts } from '../components/facts';
import { Body, Trouble } from '../components/notice';
import { PageHead } from '../components/page';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { short_name } from '../components/talk';
import { Left, When } from '../components/when';
import { Link, url_of } from '../router';
import type { PageProps } from '../routes';
import { ExchangesSection, type LoadAll } from '../sections/exchanges';
import { EndSession } from '../sections/end_session';
import { VerifySection } from '../sections/verify';
import { useAction } from '../state/action';
import { me } from '../state/accounts';
import { parts } from '../state/live';
import { useLoaded, useSlowed } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';
import { say_time } from '../time';

const kFollowMs = 500;

export function SessionPage({ id, may_change }: PageProps) {
  const path = `/sessions/${segment(id)}`;
  const { part, reload } = useLoaded(path, () => get<Session>(path));
  const touched = useSlowed(useStore(parts.events).value?.find((one) => one.session === id)?.index, kFollowMs);
  useEffect(() => {
    if (touched && part.value) reload();
  }, [touched]);
  return (
    <>
      <p class="crumb no-print">
        <Link href={part.value?.state === 'active' ? '/sessions' : '/sessions/past'}>{words.session.back}</Link>
      </p>
      <Body part={part} what={words.session.title} retry={reload}>
        {(session) => <Shown session={session} may_change={may_change} touched={touched} on_change={reload} />}
      </Body>
    </>
  );
}

interface ShownProps {
  session: Session;
  may_change: boolean;
  touched: number | undefined;
  on_change: () => void;
}

function Shown({ session, may_change, touched, on_change }: ShownProps) {
  const changes = session.changes ?? [];
  const active = session.state === 'active';
  const load_all: LoadAll = useRef(async () => {});
  const printing = useAction();
  const print = () =>
    printing.run(async () => {
      await load_all.current();
      await new Promise((drawn) => window.requestAnimationFrame(() => window.setTimeout(drawn)));
      window.print();
    });
  return (
    <>
      <PageHead
        title={words.session.of(session.engineer)}
        about={session.engineer}
        says={
          <>
            <span class={`badge ${active ? 'badge-on' : ''}`}>{active ? words.session.live : words.session.over}</span>{' '}
            {words.session.sum(session.exchanges, session.refused, changes.length)}
          </>
        }
      >
        {active && may_change && <EndSession session={session} on_done={on_change} />}
        <button type="button" aria-busy={printing.busy} onClick={() => void print()}>
          {printing.busy ? words.session.printing : words.session.print}
        </button>
      </PageHead>
      <Trouble problem={printing.problem} />
      <p class="only-print">{words.session.printed(say_time(new Date().toISOString(), 0), me.get()?.name ?? '')}</p>
      <div class="column">
        <section class="panel">
          <div class="inset session-facts">
            <FactsOf session={session} />
            <LetInBy session={session} />
            <Downloads session={session} />
          </div>
        </section>
        <VerifySection id={session.id} />
        {changes.length > 0 && (
          <Section id="changes" title={words.session.changes} count={changes.length}>
            <ul class="rows">
              {changes.map((one) => (
                <li class="row" key={one.event}>
                  <p class="row-title">
                    <Said text={one.method ?? ''} />{' '}
                    <code>
                      <Said text={one.target ?? ''} />
                    </code>
                    <Link href={`/events/${segment(one.event)}`}>
                      <When time={one.time} seconds />
                    </Link>
                  </p>
                  <ChangeView change={one} />
                </li>
              ))}
            </ul>
            {changes.length >= 100 && <p class="hint inset">{words.session.changes_more}</p>}
          </Section>
        )}
        <ExchangesSection session={session} touched={touched} load_all={load_all} />
      </div>
    </>
  );
}

function FactsOf({ session: one }: { session: Session }) {
  const reason = words.session.reasons[one.reason ?? ''] ?? one.reason;
  const active = one.state === 'active';
  return (
    <Facts
      facts={[
        [
          words.session.engineer,
          <Link key="e" href={url_of('/sessions/past', { engineer: one.engineer })}>
            <Said text={one.engineer} />
          </Link>,
        ],
        [words.session.opened, <When key="o" time={one.opened} seconds />],
        [words.session.ended, one.ended && <When time={one.ended} seconds />],
        [words.session.reason, reason],
        [words.session.expires, active && <Left until={one.expires} />],
        [words.session.client, one.client],
        [words.session.method, words.sessions.methods[one.method ?? ''] ?? one.method],
        [words.session.agent, one.user_agent],
        [words.session.traffic, words.session.traffic_is(one.request_bytes ?? 0, one.response_bytes ?? 0)],
        [words.session.capabilities, active && (one.capabilities?.join(', ') || words.session.nothing_usable)],
      ]}
    />
  );
}

// Asked for again when the session ends: what was given meanwhile counts too.
function LetInBy({ session }: { session: Session }) {
  const path = `/sessions/${segment(session.id)}/grants`;
  const { part, reload } = useLoaded(`${path} ${session.state}`, () => items<Grant>(path));
  return (
    <div class="let-in">
      <h2 class="facts-title">{words.session.let_in}</h2>
      <Body part={part} what={words.session.let_in} retry={reload}>
        {(grants) =>
          grants.length === 0 ? (
            <p class="quiet">{words.session.let_in_by_none}</p>
          ) : (
            <ul class="let-in-list">
              {grants.map((one) => (
                <li key={one.id}>
                  <Link href={one.request ? `/requests/${segment(one.request)}` : `/requests/grant/${segment(one.id)}`}>
                    {one.ticket ? <Said text={one.ticket} /> : words.session.no_ticket}
                  </Link>{' '}
                  {one.reason && <Said text={one.reason} />}{' '}
                  <span class="quiet">
                    <Said text={one.capabilities.join(', ')} />
                    {one.by && ` · ${words.session.let_in_approved(short_name(one.by))}`} · <When time={one.from} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Body>
    </div>
  );
}

function Downloads({ session }: { session: Session }) {
  const id = segment(session.id);
  const ended = session.state === 'ended';
  const { part } = useLoaded(`end-of-${id}-${ended}`, async () =>
    ended ? get<Page<LogEvent>>(`/events${url_of('', { session: session.id, type: 'session.ended', limit: '1' })}`) : { items: [] },
  );
  const end = part.value?.items[0];
  return (
    <p class="leads no-print">
      <span class="quiet">{words.session.download}</span>
      {Object.entries(words.session.formats).map(([format, name]) => (
        <a key={format} href={`/api/v1/sessions/${id}/export?format=${format}`} download>
          {name}
        </a>
      ))}
      {end && (
        <a href={`/api/v1/events/${segment(end.id)}/proof`} download>
          {words.session.proof}
        </a>
      )}
      <Link href={url_of('/events', { session: session.id })}>{words.session.events}</Link>
    </p>
  );
}
