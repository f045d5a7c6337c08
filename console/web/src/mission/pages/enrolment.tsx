// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useId, useState } from 'preact/hooks';
import { call, segment } from '../../api/client';
import { Confirm } from '../../components/confirm';
import { Field } from '../../components/field';
import { Body, Empty, Trouble } from '../../components/notice';
import { PageHead } from '../../components/page';
import { plain, Said } from '../../components/said';
import { Section } from '../../components/section';
import { ShownOnce } from '../../components/shown_once';
import { When } from '../../components/when';
import { Link } from '../../router';
import { useAction } from '../../state/action';
import { useStore } from '../../state/store';
import { fetch_enrolments, parts } from '../live';
import type { MissionPageProps } from '../routes';
import type { Enrolment } from '../types';
import { w } from '../words';

type Made = Enrolment & { code: string };

export function EnrolmentPage({ may_operate }: MissionPageProps) {
  const part = useStore(parts.enrolments);
  const [making, set_making] = useState(false);
  const [made, set_made] = useState<Made | undefined>(undefined);
  const open = part.value?.filter((one) => one.state === 'open').length;
  const make = may_operate && !making && (
    <button type="button" class="primary" onClick={() => set_making(true)}>
      {w.enrolment.make}
    </button>
  );
  return (
    <>
      <PageHead title={w.enrolment.title} says={w.enrolment.says} />
      <Section id="codes" title={w.enrolment.codes} count={open} aside={make}>
        {making && <Make on_made={set_made} on_done={() => set_making(false)} />}
        {made && (
          <ShownOnce
            title={w.enrolment.code_title(made.customer)}
            says={w.enrolment.code_once}
            value={made.code}
            on_close={() => set_made(undefined)}
          >
            {w.enrolment.expires} <When time={made.expires} />
          </ShownOnce>
        )}
        <Body part={part} what={w.enrolment.codes} retry={() => void fetch_enrolments()}>
          {(all) =>
            all.length === 0 ? (
              <Empty>{w.enrolment.empty}</Empty>
            ) : (
              <ul class="rows">
                {all.map((one) => (
                  <Row key={one.id} one={one} may_operate={may_operate} />
                ))}
              </ul>
            )
          }
        </Body>
      </Section>
    </>
  );
}

function Make({ on_made, on_done }: { on_made: (made: Made) => void; on_done: () => void }) {
  const action = useAction();
  const id = useId();
  const [customer, set_customer] = useState('');
  const [expires, set_expires] = useState('7d');
  const submit = async () => {
    const done = await action.run(async () => {
      on_made(await call<Made>('POST', '/enrolments', { customer: customer.trim(), expires }));
    });
    if (done) on_done();
  };
  return (
    <Confirm says="" submit={w.enrolment.submit} action={action} on_submit={() => void submit()} on_cancel={on_done}>
      <div class="fields">
        <Field label={w.enrolment.for_whom} hint={w.enrolment.for_hint} value={customer} on_value={set_customer} />
        <div class="field">
          <label for={id}>{w.enrolment.lasts}</label>
          <select id={id} value={expires} onChange={(event) => set_expires(event.currentTarget.value)}>
            {Object.entries(w.enrolment.spans).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </div>
      </div>
    </Confirm>
  );
}

function Row({ one, may_operate }: { one: Enrolment; may_operate: boolean }) {
  const action = useAction();
  const withdraw = () =>
    void action.run(async () => {
      await call('DELETE', `/enrolments/${segment(one.id)}`);
      return w.enrolment.withdrawn(one.customer);
    });
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={one.customer} />
            <span class={`badge ${one.state === 'open' ? 'badge-on' : ''}`}>{w.enrolment.states[one.state]}</span>
          </p>
          <p class="row-says">
            {w.enrolment.made} <When time={one.created} /> · {w.enrolment.expires} <When time={one.expires} />
            {one.installation && (
              <>
                {' '}
                · <Link href={`/installations/${segment(one.installation)}`}>{w.enrolment.to_installation}</Link>
              </>
            )}
          </p>
        </div>
        {may_operate && one.state === 'open' && (
          <div class="buttons">
            <button
              type="button"
              class="ghost"
              disabled={action.busy}
              aria-label={plain(w.enrolment.withdraw_label(one.customer))}
              onClick={withdraw}
            >
              {w.enrolment.withdraw}
            </button>
          </div>
        )}
      </div>
      <Trouble problem={action.problem} />
    </li>
  );
}
