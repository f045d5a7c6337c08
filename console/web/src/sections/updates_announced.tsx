// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's updates: what each is, when it starts, and what is decided about it (update_decisions.tsx).
import { useState } from 'preact/hooks';
import { get, items, segment } from '../api/client';
import type { AnnouncedUpdate, AnnouncedUpdates, Sharing } from '../api/types';
import { Facts } from '../components/facts';
import { Body, Empty } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { short_name } from '../components/talk';
import { UpdateNotes } from '../components/update_notes';
import { When } from '../components/when';
import { Link } from '../router';
import { parts } from '../state/live';
import { useEvery, useLoaded } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';
import { bytes } from '../text/count';
import type { Rights } from './rights';
import { UpdateDecisions } from './update_decisions';

const kLookMs = 2_000;
const kOver: AnnouncedUpdate['state'][] = ['done', 'withdrawn'];
const text = words.updates;

const health: Partial<Record<AnnouncedUpdate['state'], string>> = {
  done: 'good',
  suspended: 'warn',
  rolled_back: 'warn',
  stopped: 'bad',
};

// What is to come first, by its start; then what is over, the newest first.
const in_order = (all: AnnouncedUpdate[]): AnnouncedUpdate[] => {
  const is_over = (one: AnnouncedUpdate) => (kOver.includes(one.state) ? 1 : 0);
  const rank = (one: AnnouncedUpdate) => (one.state === 'running' ? '' : (one.start ?? '9'));
  return [...all].sort((a, b) => is_over(a) - is_over(b) || rank(a).localeCompare(rank(b)) || b.announced.localeCompare(a.announced));
};

export function AnnouncedSection({ may_change }: Rights) {
  const { part, reload } = useLoaded('announced', () => get<AnnouncedUpdates>('/updates/announced'));
  useEvery(kLookMs, reload);
  return (
    <Section id="announced" title={text.offered} count={part.value?.items.filter((one) => !kOver.includes(one.state)).length}>
      <Body part={part} what={text.title} retry={reload}>
        {({ items: all, next_window }) => (
          <>
            {all.length === 0 && <NothingOffered />}
            <ul class="rows">
              {in_order(all).map((one) => (
                <UpdateRow key={one.target} update={one} may_change={may_change} on_changed={reload} />
              ))}
            </ul>
            <div class="inset">
              <p class="quiet">
                {next_window ? (
                  <>
                    {text.window} <When time={next_window.from} />.
                  </>
                ) : (
                  text.no_window
                )}
              </p>
            </div>
          </>
        )}
      </Body>
    </Section>
  );
}

function NothingOffered() {
  const status = useStore(parts.status).value;
  const { part } = useLoaded('sharing-updates', () => items<Sharing>('/sharing'));
  if (status && !status.link) return <Empty>{text.no_line}</Empty>;
  const off = part.value?.some(({ name, setting }) => name === 'updates' && setting === 'off');
  if (!off) return <Empty>{text.none}</Empty>;
  return (
    <Empty>
      {text.off} <Link href="/mission-control">{text.to_mission}</Link>
    </Empty>
  );
}

interface RowProps extends Rights {
  update: AnnouncedUpdate;
  on_changed: () => void;
}

function UpdateRow({ update, may_change, on_changed }: RowProps) {
  const [shown, set_shown] = useState(false);
  return (
    <li class="row update" id={`update-${update.target}`}>
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={text.of(update.service ?? update.product ?? '', update.version)} />
            <span class={`severity severity-${update.severity}`}>{text.severities[update.severity]}</span>
          </p>
          <p class="row-says">
            <Timing update={update} />
          </p>
          {update.why && (
            <p class="row-says">
              <Said text={update.why} />
            </p>
          )}
          {update.suspended && update.state !== 'suspended' && <p class="row-says">{text.also_suspended}</p>}
        </div>
        <p class={`update-state fact-${health[update.state] ?? 'plain'}`}>
          <span class="dot" aria-hidden="true" />
          {text.states[update.state]}
        </p>
      </div>
      <details onToggle={(event) => set_shown(event.currentTarget.open)}>
        <summary>{text.details}</summary>
        {shown && <UpdateDetails target={update.target} />}
      </details>
      {may_change && <UpdateDecisions update={update} on_changed={on_changed} />}
    </li>
  );
}

function Timing({ update }: { update: AnnouncedUpdate }) {
  if (update.ended && ['done', 'rolled_back', 'stopped'].includes(update.state))
    return (
      <>
        {text.ended} <When time={update.ended} />
      </>
    );
  if (update.state === 'running' && update.began) return <When time={update.began} />;
  if (update.start && update.state === 'scheduled')
    return (
      <>
        {text.starts} <When time={update.start} />
      </>
    );
  return <>{update.state === 'waiting' || update.state === 'withdrawn' ? '' : text.not_by_itself}</>;
}

function UpdateDetails({ target }: { target: string }) {
  const { part, reload } = useLoaded(`update-${target}`, () => get<AnnouncedUpdate>(`/updates/announced/${segment(target)}`));
  useEvery(kLookMs, reload);
  return (
    <Body part={part} what={target} retry={reload}>
      {(update) => (
        <div class="update-details">
          <h3>{text.notes}</h3>
          <UpdateNotes notes={update.notes} label={text.notes} none={text.no_notes} />
          <UpdateFacts update={update} />
          <h3>{text.history}</h3>
          <ol class="update-history">
            {(update.history ?? []).map(({ at, what, by, why }, index) => (
              <li key={`${at}-${index}`}>
                <When time={at} seconds /> {text.moments[what] ?? what} {by !== 'gateway' && <Said text={text.by(short_name(by))} />}
                {why && (
                  <span class="quiet">
                    {' '}
                    <Said text={why} />
                  </span>
                )}
              </li>
            ))}
          </ol>
        </div>
      )}
    </Body>
  );
}

function UpdateFacts({ update }: { update: AnnouncedUpdate }) {
  const file = update.whole ? text.facts.whole(bytes(update.bytes)) : text.facts.file_is(bytes(update.have ?? 0), bytes(update.bytes));
  const when = (time: string | undefined) => time && <When time={time} />;
  return (
    <Facts
      facts={[
        [text.facts.from, update.from?.join(', ') ?? text.facts.any],
        [text.facts.announced, when(update.announced)],
        [text.facts.start, when(update.start)],
        [text.facts.until, when(update.until)],
        [text.facts.latest, when(update.latest)],
        [text.facts.not_before, when(update.not_before)],
        [text.facts.file, file],
        [text.facts.name, update.target],
        [text.facts.sha256, update.sha256],
        [text.facts.run, update.run],
      ]}
    />
  );
}
