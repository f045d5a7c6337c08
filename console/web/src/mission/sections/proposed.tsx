// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Of one installation: changes of settings that were proposed to its customer, where they stand there, and the form to propose more.
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
import { news } from '../live';
import { proposed as text, type Proposed } from '../proposed';

interface Of {
  installation: string;
  may_operate: boolean;
}

export function ProposedSection({ installation, may_operate }: Of) {
  const { part, reload } = useLoaded(`proposed ${installation}`, () =>
    items<Proposed>(`/proposals?installation=${segment(installation)}`),
  );
  const changed = useStore(news);
  useEffect(reload, [changed]);
  const [proposing, set_proposing] = useState(false);
  const open = part.value?.filter((one) => text.is_open(one.state)).length;
  const begin = may_operate && !proposing && (
    <button type="button" onClick={() => set_proposing(true)}>
      {text.propose}
    </button>
  );
  return (
    <Section id="proposals" title={text.title} count={open} aside={begin}>
      {proposing && <ProposeForm installation={installation} on_done={() => (set_proposing(false), reload())} />}
      <Body part={part} what={text.title} retry={reload}>
        {(all) =>
          all.length === 0 ? (
            <Empty>{text.empty}</Empty>
          ) : (
            <ul class="rows">
              {all.map((one) => (
                <ProposedRow key={one.id} one={one} may_operate={may_operate} on_changed={reload} />
              ))}
            </ul>
          )
        }
      </Body>
    </Section>
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
  const action = useAction();
  const withdraw = () =>
    void action
      .run(async () => {
        await call('DELETE', `/proposals/${segment(one.id)}`);
        return text.withdrawn_here;
      })
      .then((done) => done && on_changed());
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <code>
              <Said text={`${one.call.method} ${one.call.target}`} />
            </code>
            <span class={`badge ${one.state === 'applied' ? 'badge-on' : ''}`}>{text.states[one.state]}</span>
          </p>
          <p class="row-says">
            <Said text={`“${one.reason}”`} />
            {one.ticket && (
              <>
                {' · '}
                <Said text={one.ticket} />
              </>
            )}
            {one.undo && (
              <>
                {' · '}
                <Said text={text.undone_by(one.undo)} />
              </>
            )}
          </p>
          <p class="row-says quiet">
            <Said text={text.by(one.by)} />, <When time={one.created} />
            {one.until && one.state === 'applied' && (
              <>
                {' · '}
                {text.watched} <When time={one.until} />
              </>
            )}
            {one.note && (
              <>
                {' · '}
                <Said text={one.note} />
              </>
            )}
            {one.withdrawn && text.is_open(one.state) && <> · {text.withdrawing}</>}
          </p>
        </div>
        {may_operate && text.can_be_withdrawn(one) && (
          <div class="buttons">
            <button type="button" class="ghost" disabled={action.busy} aria-label={text.withdraw_label(one.call)} onClick={withdraw}>
              {text.withdraw}
            </button>
          </div>
        )}
      </div>
      <Trouble problem={action.problem} />
    </li>
  );
}
