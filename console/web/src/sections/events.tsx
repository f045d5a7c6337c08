// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The latest of the log, each a sentence; the event itself is one click away.
import { useState } from 'preact/hooks';
import type { LogEvent } from '../api/types';
import { Body, Empty } from '../components/notice';
import { plain, Said } from '../components/said';
import { Section } from '../components/section';
import { When } from '../components/when';
import { fetch_events, parts, skipped } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';

export function EventsSection() {
  const part = useStore(parts.events);
  const missed = useStore(skipped);
  const [notable, set_notable] = useState(false);
  const filter = (
    <fieldset class="toggle small">
      <legend class="hidden">{words.events.filter}</legend>
      <label>
        <input type="radio" name="events" checked={!notable} onChange={() => set_notable(false)} />
        <span>{words.events.all}</span>
      </label>
      <label>
        <input type="radio" name="events" checked={notable} onChange={() => set_notable(true)} />
        <span>{words.events.notable}</span>
      </label>
    </fieldset>
  );
  return (
    <Section id="events" title={words.events.title} aside={filter}>
      {missed > 0 && (
        <p class="inset hint">
          {words.events.skipped(missed)}{' '}
          <button type="button" class="link" onClick={() => void fetch_events()}>
            {words.events.show}
          </button>
        </p>
      )}
      <Body part={part} what={words.events.title} retry={() => void fetch_events()}>
        {(events) => (
          <List events={notable ? events.filter((one) => one.severity !== 'info') : events} notable={notable} />
        )}
      </Body>
    </Section>
  );
}

function List({ events, notable }: { events: LogEvent[]; notable: boolean }) {
  if (events.length === 0) return <Empty>{notable ? words.events.none_notable : words.events.empty}</Empty>;
  return (
    <ol class="events">
      {events.map((one) => (
        <Row key={one.id} event={one} />
      ))}
    </ol>
  );
}

function Row({ event }: { event: LogEvent }) {
  const [open, set_open] = useState(false);
  return (
    <li class={`event event-${event.severity}`}>
      <details open={open} onToggle={(toggled) => set_open(toggled.currentTarget.open)}>
        <summary>
          <span class="dot" aria-hidden="true" />
          <span class="event-says">
            {event.severity !== 'info' && <b class="event-severity">{words.events.severity[event.severity]} </b>}
            <Said text={event.sentence || event.type} />
            <small>
              <code>
                <Said text={event.type} />
              </code>
            </small>
          </span>
          <When time={event.time} seconds />
        </summary>
        {open && (
          <pre tabIndex={0} aria-label={words.events.raw}>
            {plain(JSON.stringify(raw(event), null, 2))}
          </pre>
        )}
      </details>
    </li>
  );
}

// The event as it stands in the log: the sentence and the index are the console's own.
function raw(event: LogEvent): Record<string, unknown> {
  const { sentence: _sentence, index: _index, ...rest } = event;
  return rest;
}
