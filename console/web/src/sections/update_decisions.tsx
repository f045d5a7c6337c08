// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an admin decides about one of the vendor's updates: run it now, look what that would do, put it off, cancel it.
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { AnnouncedUpdate, UpdatePlan } from '../api/types';
import { Confirm } from '../components/confirm';
import { kCustom, MomentField } from '../components/moment_field';
import { Trouble } from '../components/notice';
import { Said } from '../components/said';
import { type Action, useAction } from '../state/action';
import { words } from '../text';
import { say_duration } from '../time';

const text = words.updates;
const kNextWindow = 'next-window';

type Step = 'none' | 'run' | 'postpone' | 'cancel';
const kMayRun: AnnouncedUpdate['state'][] = ['announced', 'scheduled', 'cancelled', 'rolled_back', 'stopped'];

interface DecisionProps {
  update: AnnouncedUpdate;
  on_changed: () => void;
}

export function UpdateDecisions({ update, on_changed }: DecisionProps) {
  const [step, set_step] = useState<Step>('none');
  const [plan, set_plan] = useState<UpdatePlan | undefined>(undefined);
  const action = useAction();
  const what = text.of(update.service ?? update.product ?? '', update.version);
  const post = <T,>(how: string, body: object) => call<T>('POST', `/updates/announced/${segment(update.target)}/${how}`, body);
  const decide = async (how: string, body: object, says: string) => {
    const done = await action.run(async () => {
      await post(how, body);
      return says;
    });
    if (done) set_step('none');
    on_changed();
  };
  const look = () =>
    void action.run(async () => {
      set_plan(undefined);
      set_plan(await post<UpdatePlan>('run-now', { dry_run: true }));
    });
  const leave = () => {
    action.clear();
    set_step('none');
  };
  const may_run = kMayRun.includes(update.state) && !update.suspended;
  const may_cancel = ['announced', 'scheduled', 'suspended', 'waiting'].includes(update.state);
  if (step === 'run')
    return (
      <Confirm
        says={text.will_run(what)}
        submit={text.run_now}
        action={action}
        on_submit={() => void decide('run-now', {}, text.asked(what))}
        on_cancel={leave}
      />
    );
  if (step === 'cancel')
    return (
      <Confirm
        says={text.will_cancel(what)}
        submit={text.cancel_it}
        action={action}
        danger
        on_submit={() => void decide('cancel', {}, text.was_cancelled(what))}
        on_cancel={leave}
      />
    );
  if (step === 'postpone')
    return <Postpone what={what} action={action} on_cancel={leave} on_submit={(to) => void decide('postpone', { to }, text.was_put_off(what))} />;
  return (
    <>
      <div class="buttons">
        {may_run && (
          <button type="button" onClick={() => set_step('run')}>
            {text.run_now}
          </button>
        )}
        {may_run && (
          <button type="button" aria-busy={action.busy} onClick={look}>
            {text.look}
          </button>
        )}
        {update.state === 'scheduled' && update.start && (
          <button type="button" onClick={() => set_step('postpone')}>
            {text.postpone}
          </button>
        )}
        {may_cancel && (
          <button type="button" onClick={() => set_step('cancel')}>
            {text.cancel}
          </button>
        )}
        {update.state === 'cancelled' && (
          <button type="button" aria-busy={action.busy} onClick={() => void decide('schedule', {}, text.was_planned(what))}>
            {text.schedule}
          </button>
        )}
      </div>
      <Trouble problem={action.problem} />
      {plan && <Plan plan={plan} on_close={() => set_plan(undefined)} />}
    </>
  );
}

interface PostponeProps {
  what: string;
  action: Action;
  on_submit: (to: string) => void;
  on_cancel: () => void;
}

function Postpone({ what, action, on_submit, on_cancel }: PostponeProps) {
  const [picked, set_picked] = useState(kNextWindow);
  const [local, set_local] = useState('');
  const [invalid, set_invalid] = useState(false);
  const submit = () => {
    const time = new Date(local);
    if (picked !== kCustom) return on_submit(picked);
    if (!(time.getTime() > Date.now())) return set_invalid(true);
    on_submit(time.toISOString());
  };
  return (
    <Confirm says={text.will_put_off(what)} submit={text.put_off} action={action} on_submit={submit} on_cancel={on_cancel}>
      <MomentField
        label={text.to}
        usual={[[kNextWindow, text.next_window]]}
        picked={picked}
        custom={text.custom}
        local={local}
        invalid={invalid}
        on_pick={set_picked}
        on_local={(value) => (set_invalid(false), set_local(value))}
      />
    </Confirm>
  );
}

function Steps({ steps }: { steps: UpdatePlan['steps'] }) {
  return (
    <ol class="update-steps">
      {steps.map(({ kind, does, limit }, index) => (
        <li key={index}>
          {kind} {does && <Said text={does} />}{' '}
          <span class="quiet">
            {text.plan.limit.toLowerCase()} {say_duration(limit)}
          </span>
        </li>
      ))}
    </ol>
  );
}

function Plan({ plan, on_close }: { plan: UpdatePlan; on_close: () => void }) {
  return (
    <div class="update-plan" role="status">
      <p>{text.would}</p>
      <ul class="update-nodes">
        {plan.nodes.map(({ node, version, updates }) => (
          <li key={node}>
            <Said text={node} /> <span class="quiet">{version && <Said text={version} />} {updates ? '' : text.plan.no}</span>
          </li>
        ))}
      </ul>
      <Steps steps={plan.steps} />
      <p>{plan.roll_back.length > 0 ? text.plan.back : text.plan.no_back}</p>
      {plan.roll_back.length > 0 && <Steps steps={plan.roll_back} />}
      <div class="buttons">
        <button type="button" onClick={on_close}>
          {text.close_plan}
        </button>
      </div>
    </div>
  );
}
