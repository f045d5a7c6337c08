// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where the vendor's updates are fetched from, how fresh what is known of them is, and what hinders it (docs/UPDATES.md, "At the
// customer"). Looking is asked for by an admin; nothing is decided here.
import { call, get } from '../api/client';
import type { UpdateSources } from '../api/types';
import { Facts } from '../components/facts';
import { Body, Empty, Trouble } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { SignedDocument } from '../components/signed_document';
import { Ago } from '../components/when';
import { Link } from '../router';
import { useAction } from '../state/action';
import { parts } from '../state/live';
import { useEvery, useLoaded } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';
import { bytes } from '../text/count';
import type { Rights } from './rights';

const kLookMs = 5_000;
const text = words.updates.sources;

export function UpdateSourcesSection({ may_change }: Rights) {
  const { part, reload } = useLoaded('update-sources', () => get<UpdateSources>('/updates/sources'));
  useEvery(kLookMs, reload);
  const action = useAction();
  const url = useStore(parts.status).value?.link?.url;
  const look = () =>
    void action
      .run(async () => {
        await call('POST', '/updates/sources/look');
        return text.asked;
      })
      .then(reload);
  const asks = part.value?.configured && part.value.shared;
  const button = may_change && asks && (
    <button type="button" aria-busy={action.busy || part.value?.looking === true} onClick={look}>
      {text.look}
    </button>
  );
  return (
    <Section id="sources" title={text.title} aside={button}>
      <Body part={part} what={text.title} retry={reload}>
        {(sources) => <Sources sources={sources} url={url} />}
      </Body>
      <Trouble problem={action.problem} />
    </Section>
  );
}

function Sources({ sources, url }: { sources: UpdateSources; url: string | undefined }) {
  if (!sources.configured) return <Empty>{text.not_configured}</Empty>;
  const document = (name: 'root' | 'timestamp' | 'snapshot' | 'targets') => sources[name] && <SignedDocument one={sources[name]!} />;
  const here = sources.offers.reduce((sum, one) => sum + one.have, 0);
  return (
    <div class="inset">
      {!sources.shared && (
        <p>
          {text.off} <Link href="/mission-control">{words.updates.to_mission}</Link>
        </p>
      )}
      {sources.problem && (
        <p class="trouble" role="alert">
          <strong>{text.problem}</strong> <Said text={sources.problem} />
        </p>
      )}
      <Facts
        facts={[
          [text.from, url],
          [text.looked, sources.looked ? <Ago time={sources.looked} /> : sources.shared && text.never],
          [text.documents.root, document('root')],
          [text.documents.timestamp, document('timestamp')],
          [text.documents.snapshot, document('snapshot')],
          [text.documents.targets, document('targets')],
          [text.files, text.files_are(bytes(here), bytes(sources.keep))],
        ]}
      />
      <Offers sources={sources} />
    </div>
  );
}

function Offers({ sources: { offers, left_out } }: { sources: UpdateSources }) {
  const faults = offers.filter((one) => one.why);
  if (faults.length + left_out.length === 0) return null;
  return (
    <ul class="source-faults">
      {faults.map((one) => (
        <li key={one.name}>
          <Said text={one.name} />: {one.suspended ? text.suspended : text.not_taken} <Said text={one.why ?? ''} />
        </li>
      ))}
      {left_out.map((one) => (
        <li key={one.name}>
          <Said text={one.name} />: {text.left_out} <Said text={one.why} />
        </li>
      ))}
    </ul>
  );
}
