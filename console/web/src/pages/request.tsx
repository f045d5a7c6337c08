// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One request, or one grant: what was said, who decided, and what came of it.
import type { ComponentChildren } from 'preact';
import { get, segment } from '../api/client';
import type { AccessRequest, Grant } from '../api/types';
import { Facts } from '../components/facts';
import { Body } from '../components/notice';
import { PageHead } from '../components/page';
import { Said } from '../components/said';
import { When } from '../components/when';
import { Link, url_of } from '../router';
import type { PageProps } from '../routes';
import { useLoaded } from '../state/loaded';
import { words } from '../text';
import { say_duration } from '../time';

interface OneProps<T> {
  title: string;
  path: string;
  id: string;
  children: (value: T) => ComponentChildren;
}

function One<T>({ title, path, id, children }: OneProps<T>) {
  const { part, reload } = useLoaded(path, () => get<T>(path));
  return (
    <>
      <p class="crumb no-print">
        <Link href="/requests">{words.request.all}</Link>
      </p>
      <PageHead title={title} about={id} says={<code><Said text={id} /></code>} />
      <section class="panel">
        <Body part={part} what={title} retry={reload}>
          {(value) => (
            <div class="inset">
              {children(value)}
              <p class="leads">
                <Link href={url_of('/events', { text: id })}>{words.request.events}</Link>
              </p>
            </div>
          )}
        </Body>
      </section>
    </>
  );
}

export function RequestPage({ id }: PageProps) {
  return (
    <One<AccessRequest> title={words.request.title} path={`/requests/${segment(id)}`} id={id}>
      {(one) => (
        <>
          <Facts
            facts={[
              [words.request.engineer, one.engineer],
              [words.request.state, words.request.states[one.state] ?? one.state],
              [words.request.asks_for, one.role ? words.requests.role(one.role) : (one.capabilities ?? []).join(', ')],
              [words.request.reason, one.reason],
              [words.request.ticket, one.ticket],
              [words.request.duration, one.duration && say_duration(one.duration)],
              [words.request.start, one.start && <When time={one.start} />],
              [words.request.created, <When key="c" time={one.created} />],
              [words.request.decided_at, one.decided && <When time={one.decided} />],
              [words.request.by, one.by],
              [words.request.note, one.note],
            ]}
          />
          {one.ticket && (
            <p class="leads">
              <Link href={url_of('/sessions/past', { ticket: one.ticket })}>{words.request.sessions}</Link>
            </p>
          )}
        </>
      )}
    </One>
  );
}

export function GrantPage({ id }: PageProps) {
  return (
    <One<Grant> title={words.request.grant_title} path={`/grants/${segment(id)}`} id={id}>
      {(one) => (
        <Facts
          facts={[
            [words.request.engineer, one.engineer],
            [words.request.state, words.request.grant_states[one.state] ?? one.state],
            [words.request.asks_for, one.capabilities.join(', ')],
            [words.request.start, <When key="f" time={one.from} />],
            [words.request.until, <When key="u" time={one.until} />],
            [words.request.ended, words.request.reasons[one.ended_reason ?? ''] ?? one.ended_reason],
            [
              words.request.request,
              one.request && (
                <Link href={`/requests/${segment(one.request)}`}>
                  <Said text={one.request} />
                </Link>
              ),
            ],
          ]}
        />
      )}
    </One>
  );
}
