// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// In ten seconds: whether the door is open, who is inside, who waits, whether the gateway is well.
import { get } from '../api/client';
import type { Histogram } from '../api/types';
import { Body } from '../components/notice';
import { PageHead } from '../components/page';
import { Plot } from '../components/plot';
import { Section } from '../components/section';
import { go, Link, usePlace, with_query } from '../router';
import type { PageProps } from '../routes';
import { GatewaySection } from '../sections/gateway';
import { HoldsSection } from '../sections/holds';
import { RemoteAccessSection } from '../sections/remote_access';
import { RequestsSection } from '../sections/requests';
import { SessionsSection } from '../sections/sessions';
import { useEvery, useLoaded } from '../state/loaded';
import { words } from '../text';
import { When } from '../components/when';

export function HomePage({ may_change }: PageProps) {
  return (
    <>
      <PageHead title={words.home.title} />
      <div class="column">
        <RemoteAccessSection may_change={may_change} />
        <HoldsSection may_change={may_change} />
        <RequestsSection may_change={may_change} aside={<Link href="/requests">{words.home.all_requests}</Link>} />
        <SessionsSection
          may_change={may_change}
          title={words.home.inside}
          aside={<Link href="/sessions">{words.home.all_sessions}</Link>}
        />
        <GatewaySection />
        <PlotSection />
      </div>
    </>
  );
}

const kPlotEveryMs = 15_000;
const kParts = 96;

function PlotSection() {
  const asked = usePlace().query.get('range') ?? '';
  const range = asked in words.home.plot.ranges ? asked : '24h';
  const { part, reload } = useLoaded(`plot-${range}`, () =>
    get<Histogram>(`/events/histogram?since=${range}&parts=${kParts}`),
  );
  useEvery(kPlotEveryMs, reload);
  const choose = (
    <select
      class="narrow"
      aria-label={words.home.plot.range}
      value={range}
      onChange={(event) => go(with_query({ range: event.currentTarget.value }), 'replace')}
    >
      {Object.entries(words.home.plot.ranges).map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </select>
  );
  return (
    <Section id="plot" title={words.home.plot.title} aside={choose}>
      <Body part={part} what={words.home.plot.title} retry={reload}>
        {(counts) => (
          <div class="inset">
            <Plot counts={counts} />
            {counts.counted_from && (
              <p class="hint">
                {words.home.plot.from} <When time={counts.counted_from} />
              </p>
            )}
          </div>
        )}
      </Body>
    </Section>
  );
}
