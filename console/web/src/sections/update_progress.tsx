// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The update that is run node by node, or was last: where each node is, and the two ways to end it.
import { useState } from 'preact/hooks';
import { call, get } from '../api/client';
import type { UpdateProgress } from '../api/types';
import { Confirm } from '../components/confirm';
import { Facts } from '../components/facts';
import { Body, Trouble } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { short_name } from '../components/talk';
import { When } from '../components/when';
import { type Action, useAction } from '../state/action';
import { useEvery, useLoaded } from '../state/loaded';
import { words } from '../text';
import type { Rights } from './rights';

const kLookMs = 1_000;
const text = words.updates.progress;

const health: Record<UpdateProgress['state'], string> = {
  none: 'plain',
  under_way: 'plain',
  rolling_back: 'warn',
  done: 'good',
  rolled_back: 'warn',
  stopped: 'bad',
};
const goes_on = ({ state }: UpdateProgress) => state === 'under_way' || state === 'rolling_back';

export function UpdateProgressSection({ may_change }: Rights) {
  const { part, reload } = useLoaded('update-progress', () => get<UpdateProgress>('/updates/progress'));
  useEvery(kLookMs, reload);
  if (part.value?.state === 'none') return null;
  return (
    <Section id="progress" title={part.value && !goes_on(part.value) ? text.last : text.title}>
      <Body part={part} what={text.title} retry={reload}>
        {(progress) => (
          <>
            <Standing progress={progress} />
            <ul class="rows" aria-label={text.nodes}>
              {progress.nodes.map((node) => (
                <NodeRow key={node.node} node={node} />
              ))}
            </ul>
            {may_change && <Ways progress={progress} on_done={reload} />}
          </>
        )}
      </Body>
    </Section>
  );
}

function Standing({ progress }: { progress: UpdateProgress }) {
  return (
    <div class="inset">
      <div role="status">
        <p class={`line-now fact-${health[progress.state]}`}>
          <span class="dot" aria-hidden="true" />
          <strong>
            <Said text={text.of(progress.service ?? '', progress.version ?? '', progress.before)} />
          </strong>
          <span>{text.states[progress.state]}</span>
          {progress.why && <Said text={progress.why} />}
        </p>
        {progress.stop_asked && <p class="quiet">{text.stop_asked}</p>}
      </div>
      <Facts
        facts={[
          [text.by, progress.by && short_name(progress.by)],
          [text.started, progress.started && <When time={progress.started} seconds />],
          [text.ended, progress.ended && <When time={progress.ended} seconds />],
        ]}
      />
    </div>
  );
}

function NodeRow({ node }: { node: UpdateProgress['nodes'][number] }) {
  const at_work = node.state === 'working' || node.state === 'rolling_back';
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={node.node} />
          </p>
          {(at_work || node.why) && (
            <p class="row-says">
              {at_work && text.steps(node.steps)}
              {at_work && node.under_way && `, ${text.step_runs}`}
              {at_work && node.out && `, ${text.out}`}
              {node.why && <Said text={node.why} />}
            </p>
          )}
        </div>
        <p class={`node-state node-${node.state}`}>
          {text.node_states[node.state]} <span class="quiet">{node.state !== 'waiting' && <When time={node.since} seconds />}</span>
        </p>
      </div>
    </li>
  );
}

function Ways({ progress, on_done }: { progress: UpdateProgress; on_done: () => void }) {
  const [rolling_back, set_rolling_back] = useState(false);
  const action = useAction();
  const may_stop = progress.state === 'under_way' && !progress.stop_asked;
  const may_roll_back = progress.state !== 'rolling_back' && progress.nodes.some(({ state }) => state === 'updated' || state === 'working');
  if (!may_stop && !may_roll_back) return null;
  return (
    <div class="inset">
      {!rolling_back && (
        <>
          <div class="buttons">
            {may_stop && <StopButton action={action} on_done={on_done} />}
            {may_roll_back && (
              <button type="button" onClick={() => set_rolling_back(true)}>
                {text.roll_back}
              </button>
            )}
          </div>
          <Trouble problem={action.problem} />
        </>
      )}
      {rolling_back && <RollBack progress={progress} action={action} on_done={() => (set_rolling_back(false), on_done())} />}
    </div>
  );
}

function StopButton({ action, on_done }: { action: Action; on_done: () => void }) {
  const stop = async () => {
    await action.run(async () => {
      await call('POST', '/updates/stop', {});
      return text.was_stopped;
    });
    on_done();
  };
  return (
    <button type="button" aria-busy={action.busy} onClick={() => void stop()}>
      {text.stop}
    </button>
  );
}

function RollBack({ progress, action, on_done }: { progress: UpdateProgress; action: Action; on_done: () => void }) {
  const roll_back = async () => {
    const done = await action.run(async () => {
      await call('POST', '/updates/roll-back', {});
      return text.rolls_back;
    });
    if (done) on_done();
  };
  return (
    <Confirm
      says={text.will_roll_back(progress.service ?? '')}
      submit={text.roll_it_back}
      action={action}
      danger
      on_submit={() => void roll_back()}
      on_cancel={() => (action.clear(), on_done())}
    />
  );
}
