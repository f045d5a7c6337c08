// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One event alone: what the id on an engineer's screenshot leads to.
import { get, segment } from '../api/client';
import type { LogEvent } from '../api/types';
import { Leads, Raw, raw_of } from '../components/event_item';
import { Facts } from '../components/facts';
import { Body } from '../components/notice';
import { PageHead } from '../components/page';
import { Said } from '../components/said';
import { When } from '../components/when';
import { Link } from '../router';
import type { PageProps } from '../routes';
import { useLoaded } from '../state/loaded';
import { words } from '../text';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function EventPage({ id }: PageProps) {
  const { part, reload } = useLoaded(`event-${id}`, () => get<LogEvent>(`/events/${segment(id)}`));
  return (
    <>
      <p class="crumb no-print">
        <Link href="/events">{words.event.back}</Link>
      </p>
      <PageHead title={words.event.title} about={id} says={<code><Said text={id} /></code>}>
        <a class="button" href={`/api/v1/events/${segment(id)}/proof`} download>
          {words.event.proof}
        </a>
      </PageHead>
      <section class="panel" id="event">
        <Body part={part} what={words.event.title} retry={reload}>
          {(event) => (
            <div class={`inset event-alone event-${event.severity}`}>
              <p class="lead">
                <Said text={event.sentence ?? event.type} />
              </p>
              <Leads event={event} alone />
              <Facts
                facts={[
                  [words.event.time, <When key="t" time={event.time} seconds />],
                  [words.event.type, <code key="c">{event.type}</code>],
                  [words.event.severity, words.events.severity[event.severity]],
                  [words.event.actor, text(event.actor)],
                  [words.event.subject, text(event.subject)],
                  [words.event.outcome, text(event.outcome)],
                  [words.event.index, event.index?.toLocaleString()],
                ]}
              />
              <Raw value={raw_of(event)} />
            </div>
          )}
        </Body>
      </section>
    </>
  );
}
