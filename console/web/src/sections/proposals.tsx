// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Changes of the component's settings that Mission Control proposes: what is sent, what it would change, what takes it back, and an admin's word. Nothing was
// proposed, nothing shown.
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { Proposal, ProposalState, ProposedCall } from '../api/types';
import { Confirm } from '../components/confirm';
import { HeldBody } from '../components/held_body';
import { HeldChange } from '../components/held_change';
import { Trouble } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { short_name } from '../components/talk';
import { Left, When } from '../components/when';
import { useAction } from '../state/action';
import { parts, refresh } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import type { Rights } from './rights';

const text = words.proposals;
const kGoesOn: ProposalState[] = ['pending', 'approved', 'applying', 'undoing'];
type Step = 'approve' | 'refuse' | 'undo';

export const waits_for_admin = (one: Proposal): boolean => one.state === 'pending' && one.waits !== undefined;

export function ProposalsSection({ may_change }: Rights) {
  const all = useStore(parts.proposals).value ?? [];
  if (all.length === 0) return null;
  const open = all.filter((one) => kGoesOn.includes(one.state) || one.can_be_undone || one.watched_until);
  const over = all.filter((one) => !open.includes(one));
  const rows = (list: Proposal[]) => (
    <ul class="rows">
      {list.map((one) => (
        <Row key={one.id} one={one} may_change={may_change} />
      ))}
    </ul>
  );
  return (
    <Section id="proposals" title={text.title} count={all.filter(waits_for_admin).length}>
      <div class="inset">
        <p class="quiet">{text.says}</p>
      </div>
      {rows(open)}
      {over.length > 0 && (
        <details class="inset">
          <summary>{text.earlier}</summary>
          {rows(over)}
        </details>
      )}
    </Section>
  );
}

function Call({ title, one }: { title: string; one: ProposedCall }) {
  return (
    <figure class="held-body">
      <figcaption>
        {title}:{' '}
        <code>
          <Said text={`${one.method} ${one.target}`} />
        </code>
      </figcaption>
      {one.body ? <HeldBody text={one.body} type={one.content_type ?? ''} /> : <p class="quiet">{text.no_body}</p>}
    </figure>
  );
}

function Row({ one, may_change }: { one: Proposal } & Rights) {
  const [step, set_step] = useState<Step | undefined>(undefined);
  const [note, set_note] = useState('');
  const action = useAction();
  const says = { approve: text.will_approve, refuse: text.will_refuse, undo: text.will_undo };
  const names = { approve: text.approve, refuse: text.refuse, undo: text.undo_it };
  const done = { approve: text.approved, refuse: text.refused, undo: text.undoing };
  const decide = (how: Step) =>
    void action
      .run(async () => {
        await call('POST', `/proposals/${segment(one.id)}/${how}`, note && how !== 'undo' ? { note } : {});
        refresh();
        return done[how];
      })
      .then((well) => well && set_step(undefined));
  const steps: Step[] = waits_for_admin(one) ? ['approve', 'refuse'] : one.can_be_undone ? ['undo'] : [];
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={short_name(one.by)} /> {text.proposes}{' '}
            <code>
              <Said text={one.operation} />
            </code>
            <span class={`badge ${one.state === 'applied' ? 'badge-on' : ''}`}>{text.states[one.state]}</span>
          </p>
          <Facts one={one} />
        </div>
      </div>
      <details open={waits_for_admin(one)}>
        <summary>{text.sent}</summary>
        <Call title={text.sent} one={one.call} />
        <HeldChange read={one.read} before={one.before} />
        {one.undo ? <Call title={text.undo} one={one.undo} /> : <p class="row-says">{text.no_undo}</p>}
      </details>
      {may_change && step === undefined && steps.length > 0 && (
        <div class="buttons">
          {steps.map((each) => (
            <button key={each} type="button" class={each === 'approve' ? 'primary' : ''} onClick={() => set_step(each)}>
              {names[each]}
            </button>
          ))}
        </div>
      )}
      {step === undefined && <Trouble problem={action.problem} />}
      {step !== undefined && (
        <Confirm says={says[step]} submit={names[step]} action={action} danger={step === 'refuse'} on_submit={() => decide(step)} on_cancel={() => set_step(undefined)}>
          {step !== 'undo' && (
            <label>
              {text.note}
              <input value={note} maxLength={500} onInput={(event) => set_note(event.currentTarget.value)} />
            </label>
          )}
        </Confirm>
      )}
    </li>
  );
}

function Facts({ one }: { one: Proposal }) {
  return (
    <>
      <p class="row-says">
        <Said text={text.because(one.reason)} />
        {one.ticket && (
          <>
            {' · '}
            <Said text={one.ticket} />
          </>
        )}
        {' · '}
        <Said text={one.capability} />
      </p>
      <p class="row-says quiet">
        <When time={one.created} />
        {one.expires && waits_for_admin(one) && (
          <>
            {' · '}
            <Left until={one.expires} /> {text.left}
          </>
        )}
        {one.approvals_needed && <> · {text.approvals(one.approvals?.length ?? 0, one.approvals_needed)}</>}
        {one.decided_by && (
          <>
            {' · '}
            <Said text={short_name(one.decided_by)} />
            {one.note && <Said text={`: “${one.note}”`} />}
          </>
        )}
      </p>
      {one.waits && (
        <p class="row-says">
          <Said text={text.waits(one.waits)} />
        </p>
      )}
      {one.watch && one.state === 'pending' && <p class="row-says">{text.watch(one.watch)}</p>}
      {one.watched_until && (
        <p class="row-says">
          {text.watched} <When time={one.watched_until} />
        </p>
      )}
      {one.undo_until && (
        <p class="row-says">
          {text.undo_until} <When time={one.undo_until} />
        </p>
      )}
      {one.why && (
        <p class="row-says">
          <Said text={one.why} />
        </p>
      )}
    </>
  );
}
