// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Of one installation: changes of settings that were proposed to its customer, where they stand there, and the form to propose more.
import { useState } from 'preact/hooks';
import { call, segment } from '../../api/client';
import { Confirm } from '../../components/confirm';
import { Field } from '../../components/field';
import { Said } from '../../components/said';
import { useAction } from '../../state/action';
import { proposed as text, type Proposed } from '../proposed';
import { AskRow, AsksSection, type Of } from './asks';

const kPath = 'proposals';

export function ProposedSection({ installation, may_operate }: Of) {
  return (
    <AsksSection<Proposed>
      id="proposals"
      path={kPath}
      installation={installation}
      may_operate={may_operate}
      text={{ title: text.title, empty: text.empty, begin: text.propose }}
      is_open={(one) => text.is_open(one.state)}
      form={(on_done) => <ProposeForm installation={installation} on_done={on_done} />}
      row={(one, on_changed) => <ProposedRow key={one.id} one={one} may_operate={may_operate} on_changed={on_changed} />}
    />
  );
}

const call_of = (method: string, target: string, body: string) => ({
  method: method.trim(),
  target: target.trim(),
  ...(body.trim() ? { body: body.trim(), content_type: 'application/json' } : {}),
});

function ProposeForm({ installation, on_done }: { installation: string; on_done: () => void }) {
  const action = useAction();
  const [given, set_given] = useState<Record<string, string>>({ method: 'POST' });
  const value = (name: string) => given[name] ?? '';
  const field = (name: 'method' | 'target' | 'body' | 'undo_method' | 'undo_target' | 'undo_body' | 'watch' | 'reason' | 'ticket', hint?: string, required = false) => (
    <Field
      label={text[name]}
      value={value(name)}
      on_value={(typed) => set_given((before) => ({ ...before, [name]: typed }))}
      required={required}
      {...(hint ? { hint } : {})}
    />
  );
  const submit = async () => {
    const done = await action.run(async () => {
      await call('POST', `/installations/${segment(installation)}/proposals`, {
        call: call_of(value('method'), value('target'), value('body')),
        ...(value('undo_target').trim() ? { undo: call_of(value('undo_method'), value('undo_target'), value('undo_body')) } : {}),
        ...(value('watch').trim() ? { watch: value('watch').trim() } : {}),
        reason: value('reason').trim(),
        ...(value('ticket').trim() ? { ticket: value('ticket').trim() } : {}),
      });
      return text.sent;
    });
    if (done) on_done();
  };
  return (
    <Confirm says={text.will} submit={text.submit} action={action} on_submit={() => void submit()} on_cancel={on_done}>
      <div class="fields">
        {field('method', undefined, true)}
        {field('target', text.target_hint, true)}
        {field('body', text.body_hint)}
        {field('undo_method')}
        {field('undo_target', text.undo_hint)}
        {field('undo_body')}
        {field('watch', text.watch_hint)}
        {field('reason', undefined, true)}
        {field('ticket')}
      </div>
    </Confirm>
  );
}

function ProposedRow({ one, may_operate, on_changed }: { one: Proposed; may_operate: boolean; on_changed: () => void }) {
  return (
    <AskRow
      one={one}
      path={kPath}
      title={
        <code>
          <Said text={`${one.call.method} ${one.call.target}`} />
        </code>
      }
      state={text.states[one.state]}
      on={one.state === 'applied'}
      besides={one.undo && text.undone_by(one.undo)}
      until={one.until && one.state === 'applied' ? { label: text.watched, time: one.until } : undefined}
      is_open={text.is_open(one.state)}
      withdraw={may_operate && text.can_be_withdrawn(one) ? text.withdraw_label(one.call) : undefined}
      text={text}
      on_changed={on_changed}
    />
  );
}
