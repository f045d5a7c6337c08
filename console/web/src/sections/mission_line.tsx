// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How the line to Mission Control is, in words; and a note for Home where it is not up.
import type { MissionLine } from '../api/types';
import { Facts } from '../components/facts';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { When } from '../components/when';
import { Link } from '../router';
import { words } from '../text';
import { micros } from '../text/count';

const kSkewUs = 60_000_000; // what a check calls agreement

const health: Record<MissionLine['state'], string> = {
  up: 'good',
  connecting: 'plain',
  not_enrolled: 'plain',
  waiting: 'warn',
  refused: 'bad',
  unusable: 'bad',
};

export function LineSection({ link }: { link: MissionLine }) {
  return (
    <Section id="line" title={words.mission.line}>
      <div class="inset">
        <div role="status">
          <p class={`line-now fact-${health[link.state]}`}>
            <span class="dot" aria-hidden="true" />
            <strong>{words.mission.states[link.state]}</strong>
            <span>
              {words.mission.since} <When time={link.since} />
              {link.why && `, ${words.mission.because}`}
            </span>
            {link.why && <Said text={link.why} />}
          </p>
          {link.state === 'refused' && <p class="quiet">{words.mission.refused_advice}</p>}
        </div>
        {link.state !== 'up' && (link.next || !!link.attempts) && (
          <p class="quiet">
            {!!link.attempts && words.mission.attempts(link.attempts)}
            {link.next && (
              <>
                {!!link.attempts && '. '}
                {words.mission.next} <When time={link.next} seconds />
              </>
            )}
          </p>
        )}
        <LineFacts link={link} />
      </div>
    </Section>
  );
}

function LineFacts({ link }: { link: MissionLine }) {
  const { certificate, reports } = link;
  return (
    <Facts
      facts={[
        [words.mission.customer, link.customer],
        [words.mission.installation, link.installation],
        [words.mission.certificate, certificate?.not_after && <When time={certificate.not_after} />],
        [words.mission.issuer, certificate?.issuer],
        [words.mission.url, link.url],
        [words.mission.proxy, link.proxy],
        [words.mission.revocation, words.mission.revocations[link.revocation]],
        [words.mission.version, link.version],
        [words.mission.skew, Math.abs(link.skew_us ?? 0) > kSkewUs && micros(Math.abs(link.skew_us ?? 0))],
        [words.mission.waiting, reports?.waiting?.toLocaleString()],
        [words.mission.sent_last, reports?.sent && <When time={reports.sent} seconds />],
        [words.mission.problem, reports?.problem],
        [words.mission.tunnel, link.tunnel && words.mission.tunnel_is(link.tunnel)],
        [words.mission.tunnel_why, link.tunnel?.why],
      ]}
    />
  );
}

// The first attempt after a start is no trouble yet.
export function LineTrouble({ link }: { link: MissionLine }) {
  if (link.state === 'up' || (link.state === 'connecting' && !link.attempts)) return null;
  return (
    <p class="note note-waits" id="line-trouble">
      {words.mission.home.says[link.state]} {link.why && <Said text={link.why} />}{' '}
      <Link href="/mission-control">{words.mission.home.link}</Link>
    </p>
  );
}
