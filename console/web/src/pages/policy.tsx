// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the policy in force opens beside the one that was accepted, capability by capability, and the acceptance in two steps.
// What is accepted is the policy that is shown: if it is another one by then, the gateway says so.
import { useState } from 'preact/hooks';
import { call, get } from '../api/client';
import type { PolicyChange, PolicyDiff, PolicyHead } from '../api/types';
import { Confirm } from '../components/confirm';
import { Facts } from '../components/facts';
import { Body, Empty } from '../components/notice';
import { PageHead } from '../components/page';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { When } from '../components/when';
import type { PageProps } from '../routes';
import { useAction } from '../state/action';
import { parts } from '../state/live';
import { useLoaded } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';

export function PolicyPage({ may_change }: PageProps) {
  const known = useStore(parts.status).value?.policy;
  const { part, reload } = useLoaded(`policy-${known?.hash}-${known?.waits}`, () => get<PolicyDiff>('/policy/diff'));
  return (
    <>
      <PageHead title={words.policy.title} says={words.policy.says} />
      <div class="column">
        <Body part={part} what={words.policy.title} retry={reload}>
          {(diff) => (
            <>
              <HeadSection head={diff} />
              {diff.waits && <WaitingSection diff={diff} may_change={may_change} reload={reload} />}
            </>
          )}
        </Body>
      </div>
    </>
  );
}

function HeadSection({ head }: { head: PolicyHead }) {
  const { accepted } = head;
  return (
    <Section id="policy" title={words.policy.in_force}>
      <div class="inset">
        <Facts
          facts={[
            [words.policy.hash, <Hash hash={head.hash} />],
            [words.policy.since, head.loaded && <When time={head.loaded} />],
            [words.policy.accepted, <Hash hash={accepted.hash} />],
            [words.policy.accepted_at, accepted.at && <When time={accepted.at} />],
            [words.policy.by, accepted.by === 'gateway' ? words.policy.first : accepted.by],
          ]}
        />
        {!head.waits && <p class="hint">{words.policy.nothing}</p>}
      </div>
    </Section>
  );
}

const Hash = ({ hash }: { hash: string }) => (
  <code class="clip">
    <Said text={hash} title={hash} />
  </code>
);

interface WaitingProps {
  diff: PolicyDiff;
  may_change: boolean;
  reload: () => void;
}

function WaitingSection({ diff, may_change, reload }: WaitingProps) {
  const [asking, set_asking] = useState(false);
  const action = useAction();
  const accept = () =>
    void action
      .run(async () => {
        await call('POST', '/policy/accept', { hash: diff.hash });
        return words.policy.done;
      })
      .then((went_well) => {
        if (went_well) set_asking(false);
        reload();
      });
  const aside = may_change && !asking && (
    <button type="button" class="primary" onClick={() => set_asking(true)}>
      {words.policy.accept}
    </button>
  );
  return (
    <Section id="policy-changes" title={words.policy.changes} aside={aside}>
      <div class="inset">
        {!diff.accepted.readable && <p class="trouble">{words.policy.unreadable}</p>}
        <p>{words.policy.sum(diff.counts)}</p>
        {asking && (
          <Confirm
            says={words.policy.will(diff.counts)}
            submit={words.policy.accept}
            action={action}
            danger
            on_submit={accept}
            on_cancel={() => {
              action.clear();
              set_asking(false);
            }}
          />
        )}
      </div>
      {grouped(diff.changes).map(({ capability, changes }) => (
        <Group key={capability} capability={capability} changes={changes} />
      ))}
      {diff.changes.length === 0 && <Empty>{words.policy.sum(diff.counts)}</Empty>}
      {diff.left_off > 0 && <p class="list-end">{words.policy.left_off(diff.left_off)}</p>}
    </Section>
  );
}

interface Grouped {
  capability: string;
  changes: PolicyChange[];
}

// In the order of the answer: what opens something comes first.
function grouped(changes: PolicyChange[]): Grouped[] {
  const groups = new Map<string, PolicyChange[]>();
  for (const change of changes) {
    const of = change.capability ?? '';
    groups.set(of, [...(groups.get(of) ?? []), change]);
  }
  return [...groups].map(([capability, list]) => ({ capability, changes: list }));
}

function Group({ capability, changes }: Grouped) {
  const first = changes[0];
  return (
    <>
      <h3 class="group-head">
        <span>
          <Said text={first?.title || capability || words.policy.general} />{' '}
          {first?.class && <span class={`badge badge-${first.class}`}>{words.capabilities.classes[first.class]}</span>}
        </span>
        {capability && (
          <code>
            <Said text={capability} />
          </code>
        )}
      </h3>
      <ul class="policy-changes">
        {changes.map((change, at) => (
          <li key={at}>
            <span class={`effect effect-${change.effect}`}>{words.policy.effects[change.effect]}</span>
            <span>
              {words.policy.kinds[change.kind]}{' '}
              {change.what && (
                <code>
                  <Said text={change.what} />
                </code>
              )}
              {change.detail && (
                <small>
                  <Said text={change.detail} />
                </small>
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
