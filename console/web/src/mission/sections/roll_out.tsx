// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the vendor's people do with a roll-out: another ring, suspend, resume, the limit at which it stops. Each says first what it
// would do.
import { useId, useState } from 'preact/hooks';
import { call, Problem, segment } from '../../api/client';
import { Confirm } from '../../components/confirm';
import { Field } from '../../components/field';
import { type Action, useAction } from '../../state/action';
import { kLastRing, next_ring, roll_out as text, type PublishedUpdate } from '../updates';

const act = text.act;

interface RollOutProps {
  update: PublishedUpdate;
  sizes: { ring: number; installations: number }[]; // of the rings
  on_changed: () => void;
}

type Step = 'none' | 'next' | 'ring' | 'suspend' | 'resume' | 'limit';

export function RollOut({ update, sizes, on_changed }: RollOutProps) {
  const [step, set_step] = useState<Step>('none');
  const action = useAction();
  const what = text.what(update);
  const post = async (how: string, body: object, says: string) => {
    const done = await action.run(async () => {
      await call('POST', `/updates/${segment(update.name)}/${how}`, body);
      return says;
    });
    if (done) set_step('none');
    on_changed();
  };
  const form = {
    update,
    what,
    action,
    on_cancel: () => {
      action.clear();
      set_step('none');
    },
  };
  const next = next_ring(update.ring, sizes);
  if (step === 'next' || step === 'ring')
    return (
      <OfferForm
        {...form}
        sizes={sizes}
        first={step === 'next' ? next : update.ring}
        choose={step === 'ring'}
        on_submit={(ring) => void post('offer', { ring }, act.offered(what, ring))}
      />
    );
  if (step === 'suspend') return <SuspendForm {...form} on_submit={(why) => void post('suspend', { why }, act.was_suspended(what))} />;
  if (step === 'limit')
    return <LimitForm {...form} on_submit={(stop_at) => void post('offer', { ring: update.ring, stop_at }, act.was_limited(stop_at))} />;
  if (step === 'resume') {
    const behind = update.rings?.reduce((sum, one) => sum + one.behind, 0);
    return (
      <Confirm
        says={act.will_resume(what, behind, update.stop_at)}
        submit={act.resume_it}
        action={action}
        on_submit={() => void post('resume', {}, act.was_resumed(what))}
        on_cancel={form.on_cancel}
      />
    );
  }
  const button = (to: Step, name: string) => (
    <button type="button" onClick={() => set_step(to)} aria-label={`${name} (${what})`}>
      {name}
    </button>
  );
  return (
    <div class="buttons roll-out">
      {update.ring < kLastRing && button('next', act.offer(next))}
      {button('ring', act.other)}
      {update.suspended === null ? button('suspend', act.suspend) : button('resume', act.resume)}
      {button('limit', act.limit)}
    </div>
  );
}

interface FormProps {
  update: PublishedUpdate;
  what: string;
  action: Action;
  on_cancel: () => void;
}

interface OfferProps extends FormProps {
  sizes: RollOutProps['sizes'];
  first: number;
  choose: boolean;
  on_submit: (ring: number) => void;
}

function OfferForm({ update, what, action, sizes, first, choose, on_submit, on_cancel }: OfferProps) {
  const id = useId();
  const [ring, set_ring] = useState(first);
  const says =
    ring > update.ring
      ? act.will_widen(what, ring, text.more(sizes, update.ring, ring))
      : ring < update.ring
        ? act.will_narrow(what, ring, text.fewer(sizes, update.ring, ring))
        : act.will_stay(what, ring);
  return (
    <Confirm
      says={update.suspended === null ? says : `${says} ${act.stays_suspended}`}
      submit={ring < update.ring ? act.take_back : act.offer_it}
      action={action}
      danger={ring < update.ring}
      on_submit={() => on_submit(ring)}
      on_cancel={on_cancel}
    >
      {choose && (
        <div class="field">
          <label for={id}>{act.ring}</label>
          <select id={id} value={String(ring)} onChange={(event) => set_ring(Number(event.currentTarget.value))}>
            {Array.from({ length: kLastRing + 1 }, (_, each) => (
              <option key={each} value={String(each)}>
                {each === 0 ? act.nobody : each}
              </option>
            ))}
          </select>
        </div>
      )}
    </Confirm>
  );
}

function SuspendForm({ what, action, on_submit, on_cancel }: FormProps & { on_submit: (why: string) => void }) {
  const [why, set_why] = useState('');
  return (
    <Confirm says={act.will_suspend(what)} submit={act.suspend_it} action={action} danger on_submit={() => on_submit(why.trim())} on_cancel={on_cancel}>
      <div class="fields">
        <Field label={act.why} hint={act.why_hint} value={why} on_value={set_why} />
      </div>
    </Confirm>
  );
}

function LimitForm({ update, what, action, on_submit, on_cancel }: FormProps & { on_submit: (percent: number) => void }) {
  const [percent, set_percent] = useState(String(update.stop_at));
  const submit = () => {
    const wanted = Number(percent.trim());
    if (/^\d+$/.test(percent.trim()) && wanted >= 1 && wanted <= 100) return on_submit(wanted);
    void action.run(async () => {
      throw new Problem(0, act.limit_wrong, '', '', '');
    });
  };
  return (
    <Confirm says={act.will_limit(what)} submit={act.limit_it} action={action} on_submit={submit} on_cancel={on_cancel}>
      <div class="fields">
        <Field label={act.limit_label} hint={act.limit_hint} value={percent} on_value={set_percent} />
      </div>
    </Confirm>
  );
}
