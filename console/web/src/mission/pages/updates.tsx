// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is published, ring by ring, and how the vendor's documents are.
import { useEffect } from 'preact/hooks';
import { get, segment } from '../../api/client';
import { Facts } from '../../components/facts';
import { Body, Empty } from '../../components/notice';
import { PageHead } from '../../components/page';
import { Said } from '../../components/said';
import { Section } from '../../components/section';
import { SignedDocument } from '../../components/signed_document';
import { UpdateNotes } from '../../components/update_notes';
import { When } from '../../components/when';
import { Link } from '../../router';
import { useLoaded, useSlowed } from '../../state/loaded';
import { useStore } from '../../state/store';
import { news } from '../live';
import type { MissionPageProps } from '../routes';
import { Rings } from '../sections/rings';
import { RollOut } from '../sections/roll_out';
import { kLastRing, roll_out as text, type PublishedUpdate, type PublishedUpdates } from '../updates';

export const kCountedEveryMs = 3_000; // at most: a fleet tells all the time, and counting it is work

// Those under way first: what is offered before what is not, the newest first.
const in_order = (all: PublishedUpdate[]): PublishedUpdate[] =>
  [...all].sort((a, b) => Number(b.ring > 0) - Number(a.ring > 0) || b.published.localeCompare(a.published) || a.name.localeCompare(b.name));

export function UpdatesPage({ may_operate }: MissionPageProps) {
  const { part, reload } = useLoaded('updates', () => get<PublishedUpdates>('/updates'));
  const changed = useSlowed(useStore(news), kCountedEveryMs);
  useEffect(reload, [changed]);
  return (
    <>
      <PageHead title={text.title} says={text.says} />
      <Body part={part} what={text.title} retry={reload}>
        {({ documents, rings, items }) => (
          <div class="column">
            <Section id="published" title={text.published} count={items.length}>
              {items.length === 0 ? (
                <Empty>{text.empty}</Empty>
              ) : (
                <ul class="rows">
                  {in_order(items).map((one) => (
                    <UpdateRow key={one.name} update={one} sizes={rings} may_operate={may_operate} on_changed={reload} />
                  ))}
                </ul>
              )}
            </Section>
            {documents && <Documents documents={documents} />}
          </div>
        )}
      </Body>
    </>
  );
}

interface RowProps {
  update: PublishedUpdate;
  sizes: PublishedUpdates['rings'];
  may_operate: boolean;
  on_changed: () => void;
}

function UpdateRow({ update, sizes, may_operate, on_changed }: RowProps) {
  const what = text.what(update);
  return (
    <li class="row update" id={`update-${update.name}`}>
      <UpdateHead update={update} link />
      <RingsOfRow update={update} what={what} />
      {may_operate && <RollOut update={update} sizes={sizes} on_changed={on_changed} />}
    </li>
  );
}

// One that all have takes no room.
function RingsOfRow({ update, what }: { update: PublishedUpdate; what: string }) {
  if (!update.rings) return null;
  const over = update.ring === kLastRing && update.suspended === null && sum(update.rings, 'behind') === 0;
  if (!over) return <Rings what={what} rings={update.rings} />;
  return (
    <details>
      <summary>{text.ring_by_ring}</summary>
      <Rings what={what} rings={update.rings} />
    </details>
  );
}

const sum = (rings: PublishedUpdate['rings'], of: 'behind' | 'failed') => (rings ?? []).reduce((all, one) => all + (one.offered ? one[of] : 0), 0);

export function UpdateHead({ update, link = false }: { update: PublishedUpdate; link?: boolean }) {
  const what = text.what(update);
  const [behind, failed] = [sum(update.rings, 'behind'), sum(update.rings, 'failed')];
  const health = update.suspended !== null ? 'bad' : update.ring === 0 ? 'plain' : failed > 0 ? 'warn' : 'good';
  return (
    <>
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            {link ? (
              <Link href={`/updates/${segment(update.name)}`} aria-label={text.see_one(what)}>
                <Said text={what} />
              </Link>
            ) : (
              <Said text={update.name} />
            )}
            <span class={`severity severity-${update.severity}`}>{text.severities[update.severity]}</span>
          </p>
          <p class="row-says">
            {text.published.toLowerCase()} <When time={update.published} /> · {text.stops_at(update.stop_at)}
            {update.ring > 0 && update.rings && <> · {behind === 0 ? text.all_have : text.counts(behind, failed)}</>}
          </p>
        </div>
        <p class={`update-state fact-${health}`}>
          <span class="dot" aria-hidden="true" />
          {update.suspended !== null ? text.suspended : text.offered(update.ring)}
        </p>
      </div>
      {update.suspended !== null && (
        <p class="trouble">
          <strong>
            {text.suspended} {update.suspended_by && <Said text={text.suspended_by(update.suspended_by)} />}:
          </strong>{' '}
          <Said text={update.suspended} />. {text.offered(update.ring)}.
        </p>
      )}
      <details>
        <summary>{text.notes}</summary>
        <UpdateNotes notes={update.notes} label={text.notes} none={text.no_notes} />
      </details>
    </>
  );
}

const kDocuments = ['root', 'timestamp', 'snapshot', 'targets'] as const;

function Documents({ documents }: { documents: NonNullable<PublishedUpdates['documents']> }) {
  return (
    <Section id="documents" title={text.documents.title}>
      <div class="inset">
        {documents.trouble && (
          <p class="trouble" role="alert">
            <strong>{text.documents.trouble}</strong> <Said text={documents.trouble} />. {text.documents.renew}
          </p>
        )}
        <Facts facts={kDocuments.map((name) => [text.documents.names[name], documents[name] && <SignedDocument one={documents[name]!} />])} />
      </div>
    </Section>
  );
}
