// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How this installation is: warnings that are not over, nodes that cannot be read, and how Mission Control judges it.
import type { Measured, Verdict } from '../api/types';
import { Facts } from '../components/facts';
import { Empty } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { When } from '../components/when';
import { words } from '../text';
import { bytes } from '../text/count';

const text = words.mission.health;
const mood: Record<Verdict['status'], string> = { ok: 'good', warning: 'warn', critical: 'bad' };

export function HealthSection({ measured, verdict }: { measured: Measured | null | undefined; verdict: Verdict | null | undefined }) {
  const warnings = measured?.warnings ?? [];
  const unread = (measured?.nodes ?? []).filter((node) => node.why);
  return (
    <Section id="health" title={text.title}>
      {warnings.length + unread.length === 0 ? (
        <Empty>{text.none}</Empty>
      ) : (
        <ul class="rows">
          {warnings.map((one) => (
            <li class="row" key={`${one.service ?? ''} ${one.node ?? ''} ${one.resource}`}>
              <p class="line-now fact-warn">
                <span class="dot" aria-hidden="true" />
                <strong>
                  <Said text={text.warning(one)} />
                </strong>
                <span>
                  {text.since} <When time={one.since} />
                </span>
              </p>
              <p class="quiet">
                <Said text={text.band(one)} />
              </p>
            </li>
          ))}
          {unread.map((node) => (
            <li class="row" key={`unread ${node.service} ${node.node}`}>
              <p class="line-now fact-warn">
                <span class="dot" aria-hidden="true" />
                <strong>
                  <Said text={text.unread(node.service, node.node)} />
                </strong>
              </p>
              <p class="quiet">
                <Said text={node.why ?? ''} />
              </p>
            </li>
          ))}
        </ul>
      )}
      {verdict && <VerdictOf verdict={verdict} />}
    </Section>
  );
}

function VerdictOf({ verdict }: { verdict: Verdict }) {
  const least = verdict.minimum ?? {};
  return (
    <div class="inset">
      <p class={`line-now fact-${mood[verdict.status]}`}>
        <span class="dot" aria-hidden="true" />
        <strong>{text.verdicts[verdict.status]}</strong>
        {verdict.time && (
          <span>
            {text.said} <When time={verdict.time} seconds />
          </span>
        )}
      </p>
      {verdict.reasons && verdict.reasons.length > 0 && (
        <ul class="quiet">
          {verdict.reasons.map((reason) => (
            <li key={reason}>
              <Said text={reason} />
            </li>
          ))}
        </ul>
      )}
      <Facts
        facts={[
          [text.nodes, !!least.nodes && least.nodes.toLocaleString()],
          [text.cores, !!least.cores && least.cores.toLocaleString()],
          [text.memory, !!least.memory && bytes(least.memory)],
        ]}
      />
    </div>
  );
}
