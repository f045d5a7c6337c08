// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Copies of what Mission Control was sent, the newest first.
import { useState } from 'preact/hooks';
import { items } from '../api/client';
import type { SentCopy } from '../api/types';
import { Body, Empty } from '../components/notice';
import { plain, Said } from '../components/said';
import { Section } from '../components/section';
import { When } from '../components/when';
import { useEvery, useLoaded } from '../state/loaded';
import { words } from '../text';

const kLookMs = 5_000;
const kAtFirst = 50;
const kMost = 500; // that the gateway answers at once

const text = words.mission.sent;

export function SentSection() {
  const [limit, set_limit] = useState(kAtFirst);
  const { part, reload } = useLoaded(`sent-${limit}`, () => items<SentCopy>(`/link/sent?limit=${limit}`));
  useEvery(kLookMs, reload);
  return (
    <Section id="sent" title={text.title}>
      <div class="inset">
        <p class="quiet">{text.says}</p>
      </div>
      <Body part={part} what={text.title} retry={reload}>
        {(all) =>
          all.length === 0 ? (
            <Empty>{text.empty}</Empty>
          ) : (
            <>
              <ul class="event-list">
                {all.map((one) => (
                  <Copy key={one.time + (one.sent.reports?.[0]?.id ?? '')} copy={one} />
                ))}
              </ul>
              <div class="list-end">
                {all.length === limit && limit < kMost && (
                  <button type="button" onClick={() => set_limit(kMost)}>
                    {text.more}
                  </button>
                )}
              </div>
            </>
          )
        }
      </Body>
    </Section>
  );
}

// The document is written only where somebody looks at it.
function Copy({ copy }: { copy: SentCopy }) {
  const [open, set_open] = useState(false);
  return (
    <li class="event">
      <details onToggle={(event) => set_open(event.currentTarget.open)}>
        <summary>
          <span class="dot" aria-hidden="true" />
          <span class="event-says">
            <Said text={text.kinds((copy.sent.reports ?? []).map((one) => one.kind ?? ''))} />
          </span>
          <When time={copy.time} seconds />
        </summary>
        {open && (
          <div class="event-more">
            <pre tabIndex={0} aria-label={text.document}>
              <bdi>{plain(JSON.stringify(copy.sent, null, 2))}</bdi>
            </pre>
          </div>
        )}
      </details>
    </li>
  );
}
