// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Of one installation: access that was asked of its customer, where that stands there, and the form to ask for more.
import { useState } from 'preact/hooks';
import { call, segment } from '../../api/client';
import { Confirm } from '../../components/confirm';
import { Field } from '../../components/field';
import { Said } from '../../components/said';
import { useAction } from '../../state/action';
import { asked as text, type AccessAsked } from '../asked';
import { AskRow, AsksSection, type Of } from './asks';

const kPath = 'requests';

export function AccessAskedSection({ installation, may_operate }: Of) {
  return (
    <AsksSection<AccessAsked>
      id="access"
      path={kPath}
      installation={installation}
      may_operate={may_operate}
      text={{ title: text.title, empty: text.empty, begin: text.ask }}
      is_open={(one) => !text.over(one.state)}
      form={(on_done) => <AskForm installation={installation} on_done={on_done} />}
      row={(one, on_changed) => <AskedRow key={one.id} one={one} may_operate={may_operate} on_changed={on_changed} />}
    />
  );
}

function AskForm({ installation, on_done }: { installation: string; on_done: () => void }) {
  const action = useAction();
  const [engineer, set_engineer] = useState('');
  const [wanted, set_wanted] = useState('');
  const [reason, set_reason] = useState('');
  const [ticket, set_ticket] = useState('');
  const [duration, set_duration] = useState('');
  const submit = async () => {
    // A capability has a dot in its name, a role has none.
    const names = wanted.split(/[\s,]+/).filter(Boolean);
    const role = names.length === 1 && !names[0]?.includes('.') ? names[0] : undefined;
    const done = await action.run(async () => {
      await call('POST', `/installations/${segment(installation)}/requests`, {
        engineer: engineer.trim(),
        reason: reason.trim(),
        ...(role ? { role } : { capabilities: names }),
        ...(ticket.trim() ? { ticket: ticket.trim() } : {}),
        ...(duration.trim() ? { duration: duration.trim() } : {}),
      });
      return text.sent;
    });
    if (done) on_done();
  };
  return (
    <Confirm says={text.will} submit={text.submit} action={action} on_submit={() => void submit()} on_cancel={on_done}>
      <div class="fields">
        <Field label={text.engineer} hint={text.engineer_hint} value={engineer} on_value={set_engineer} />
        <Field label={text.wanted} hint={text.wanted_hint} value={wanted} on_value={set_wanted} />
        <Field label={text.reason} value={reason} on_value={set_reason} />
        <Field label={text.ticket} value={ticket} on_value={set_ticket} required={false} />
        <Field label={text.duration} hint={text.duration_hint} value={duration} on_value={set_duration} required={false} />
      </div>
    </Confirm>
  );
}

function AskedRow({ one, may_operate, on_changed }: { one: AccessAsked; may_operate: boolean; on_changed: () => void }) {
  const wants = one.role ?? one.capabilities?.join(', ') ?? '';
  const open = !text.over(one.state);
  return (
    <AskRow
      one={one}
      path={kPath}
      title={<Said text={text.row(one.engineer, wants)} />}
      state={text.states[one.state]}
      on={one.state === 'approved'}
      until={one.until && one.state === 'approved' ? { label: text.until, time: one.until } : undefined}
      is_open={open}
      withdraw={may_operate && open && !one.withdrawn && one.state !== 'approved' ? text.withdraw_label(one.engineer) : undefined}
      text={text}
      on_changed={on_changed}
    />
  );
}
