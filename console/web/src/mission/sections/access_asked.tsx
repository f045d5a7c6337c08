// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Of one installation: access that was asked of its customer, where that stands there, and the form to ask for more.
import { useEffect, useState } from 'preact/hooks';
import { call, items, segment } from '../../api/client';
import { Confirm } from '../../components/confirm';
import { Field } from '../../components/field';
import { Body, Empty, Trouble } from '../../components/notice';
import { Said } from '../../components/said';
import { Section } from '../../components/section';
import { When } from '../../components/when';
import { useAction } from '../../state/action';
import { useLoaded } from '../../state/loaded';
import { useStore } from '../../state/store';
import { asked as text, type AccessAsked } from '../asked';
import { news } from '../live';

interface Of {
  installation: string;
  may_operate: boolean;
}

export function AccessAskedSection({ installation, may_operate }: Of) {
  const { part, reload } = useLoaded(`asked ${installation}`, () =>
    items<AccessAsked>(`/requests?installation=${segment(installation)}`),
  );
  const changed = useStore(news);
  useEffect(reload, [changed]);
  const [asking, set_asking] = useState(false);
  const open = part.value?.filter((one) => !text.over(one.state)).length;
  const begin = may_operate && !asking && (
    <button type="button" onClick={() => set_asking(true)}>
      {text.ask}
    </button>
  );
  return (
    <Section id="access" title={text.title} count={open} aside={begin}>
      {asking && <AskForm installation={installation} on_done={() => (set_asking(false), reload())} />}
      <Body part={part} what={text.title} retry={reload}>
        {(all) =>
          all.length === 0 ? (
            <Empty>{text.empty}</Empty>
          ) : (
            <ul class="rows">
              {all.map((one) => (
                <AskedRow key={one.id} one={one} may_operate={may_operate} on_changed={reload} />
              ))}
            </ul>
          )
        }
      </Body>
    </Section>
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
  const action = useAction();
  const withdraw = () =>
    void action
      .run(async () => {
        await call('DELETE', `/requests/${segment(one.id)}`);
        return text.withdrawn_here;
      })
      .then((done) => done && on_changed());
  const wants = one.role ?? one.capabilities?.join(', ') ?? '';
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={text.row(one.engineer, wants)} />
            <span class={`badge ${one.state === 'approved' ? 'badge-on' : ''}`}>{text.states[one.state]}</span>
          </p>
          <p class="row-says">
            <Said text={`“${one.reason}”`} />
            {one.ticket && (
              <>
                {' · '}
                <Said text={one.ticket} />
              </>
            )}
          </p>
          <p class="row-says quiet">
            <Said text={text.by(one.by)} />, <When time={one.created} />
            {one.until && one.state === 'approved' && (
              <>
                {' · '}
                {text.until} <When time={one.until} />
              </>
            )}
            {one.note && (
              <>
                {' · '}
                <Said text={one.note} />
              </>
            )}
            {one.withdrawn && !text.over(one.state) && <> · {text.withdrawing}</>}
          </p>
        </div>
        {may_operate && !text.over(one.state) && !one.withdrawn && one.state !== 'approved' && (
          <div class="buttons">
            <button type="button" class="ghost" disabled={action.busy} aria-label={text.withdraw_label(one.engineer)} onClick={withdraw}>
              {text.withdraw}
            </button>
          </div>
        )}
      </div>
      <Trouble problem={action.problem} />
    </li>
  );
}
