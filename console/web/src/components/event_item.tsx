// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One event: a sentence, and behind it where it leads and what it is in full.
import { segment } from '../api/client';
import type { LogEvent } from '../api/types';
import { Link, url_of } from '../router';
import { words } from '../text';
import { plain, Said } from './said';
import { When } from './when';

interface Lead {
  name: string;
  href: string;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

// Where an event leads: everything that it names and the console can show.
export function leads_of(event: LogEvent): Lead[] {
  const detail = (event.detail ?? {}) as Record<string, unknown>;
  const leads: Lead[] = [];
  const add = (name: string, id: string, href: (id: string) => string) => {
    if (id) leads.push({ name, href: href(id) });
  };
  add(words.event.to.session, text(event.session), (id) => `/sessions/${segment(id)}`);
  add(words.event.to.request, text(detail.request), (id) => `/requests/${segment(id)}`);
  add(words.event.to.grant, text(detail.grant), (id) => `/requests/grant/${segment(id)}`);
  const capability = text(detail.capability) || (detail.what === 'capability' ? text(detail.name) : '');
  add(words.event.to.capability, capability, (name) => url_of('/permissions', { q: name }));
  add(words.event.to.forwarded, text(detail.forwarded), (id) => `/events/${segment(id)}`);
  add(words.event.to.part_of, text(detail.part_of), (id) => `/events/${segment(id)}`);
  add(words.event.to.hold, text(detail.hold), (id) => url_of('/events', { type: 'hold', text: id }));
  add(words.event.to.engineer, text(detail.engineer), (name) => url_of('/sessions/past', { engineer: name }));
  return leads;
}

export function Leads({ event, alone = false }: { event: LogEvent; alone?: boolean }) {
  const leads = leads_of(event);
  if (!alone) leads.push({ name: words.event.to.self, href: `/events/${segment(event.id)}` });
  if (leads.length === 0) return null;
  return (
    <p class="leads">
      <span class="quiet">{words.event.links}</span>
      {leads.map((one) => (
        <Link key={one.name} href={one.href}>
          {one.name}
        </Link>
      ))}
    </p>
  );
}

export const Raw = ({ value }: { value: unknown }) => (
  <pre tabIndex={0} aria-label={words.event.raw}>
    <bdi>{plain(JSON.stringify(value, null, 2))}</bdi>
  </pre>
);

export function raw_of(event: LogEvent): Record<string, unknown> {
  const { index, sentence, ...line } = event;
  void index, sentence;
  return line;
}

export function EventItem({ event }: { event: LogEvent }) {
  return (
    <li class={`event event-${event.severity}`}>
      <details>
        <summary>
          <span class="dot" aria-hidden="true" />
          <span class="event-says">
            <Said text={event.sentence ?? event.type} />
            <small>
              <Said text={event.type} />
              {event.severity !== 'info' && (
                <b class="event-severity"> {words.events.severity[event.severity]}</b>
              )}
            </small>
          </span>
          <When time={event.time} seconds />
        </summary>
        <div class="event-more">
          <Leads event={event} />
          <Raw value={raw_of(event)} />
        </div>
      </details>
    </li>
  );
}
