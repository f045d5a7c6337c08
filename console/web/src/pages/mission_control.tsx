// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's Mission Control: how the line to it is, what is told there, and what was.
import type { Measured, MissionLine } from '../api/types';
import { Body } from '../components/notice';
import { PageHead } from '../components/page';
import { Section } from '../components/section';
import { Link } from '../router';
import type { PageProps } from '../routes';
import { CheckSection, EnrolSection } from '../sections/mission_enrol';
import { HealthSection } from '../sections/mission_health';
import { LineSection } from '../sections/mission_line';
import { SentSection } from '../sections/mission_sent';
import { SharingSection } from '../sections/mission_sharing';
import type { Rights } from '../sections/rights';
import { fetch_status, parts } from '../state/live';
import { useEvery } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';

const kLookMs = 2_000;

export function MissionControlPage({ may_change }: PageProps) {
  const part = useStore(parts.status);
  useEvery(kLookMs, () => void fetch_status());
  return (
    <>
      <PageHead title={words.mission.title} says={words.mission.says}>
        <Link href="/updates">{words.updates.title}</Link>
      </PageHead>
      <Body part={part} what={words.mission.title} retry={() => void fetch_status()}>
        {({ link, monitoring }) => (link ? <Configured link={link} measured={monitoring} may_change={may_change} /> : <NotConfigured />)}
      </Body>
    </>
  );
}

// Also anew, once the certificate is over: the gateway takes a code then.
const may_be_enrolled = ({ state, certificate }: MissionLine) =>
  state === 'not_enrolled' || (certificate?.not_after !== undefined && new Date(certificate.not_after).getTime() < Date.now());

function Configured({ link, measured, may_change }: { link: MissionLine; measured: Measured | null | undefined } & Rights) {
  return (
    <div class="column">
      <LineSection link={link} />
      {may_be_enrolled(link) && <EnrolSection may_change={may_change} />}
      <CheckSection link={link} may_change={may_change} />
      <HealthSection measured={measured} verdict={link.reports?.health} />
      <SharingSection may_change={may_change} />
      <SentSection />
    </div>
  );
}

function NotConfigured() {
  return (
    <Section id="not-configured" title={words.mission.not_configured}>
      <div class="inset">
        <p>{words.mission.configure}</p>
        <pre tabIndex={0} aria-label={words.mission.configure}>
          {words.mission.example}
        </pre>
        <p class="quiet">{words.mission.documented}</p>
      </div>
    </Section>
  );
}
