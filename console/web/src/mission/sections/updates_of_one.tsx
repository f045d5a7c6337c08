// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Of one installation: the ring that it is in, and the updates that are offered to it, as it told of them.
import { useId, useState } from 'preact/hooks';
import { call, segment } from '../../api/client';
import { Confirm } from '../../components/confirm';
import { Empty } from '../../components/notice';
import { Said } from '../../components/said';
import { Section } from '../../components/section';
import { Link } from '../../router';
import { useAction } from '../../state/action';
import { kLastRing, roll_out as words, type UpdateOfOne, type UpdatesOfOne } from '../updates';
import { ToldState } from './told';

const text = words.of_one;

interface OfOneProps {
  id: string;
  customer: string;
  updates: UpdatesOfOne;
  may_operate: boolean;
  on_changed: () => void;
}

export function UpdatesOfOneSection({ id, customer, updates, may_operate, on_changed }: OfOneProps) {
  const [changing, set_changing] = useState(false);
  const shown = updates.items.filter((one) => one.offered || one.state !== null);
  const change = may_operate && !changing && (
    <button type="button" onClick={() => set_changing(true)}>
      {text.change}
    </button>
  );
  return (
    <Section id="updates" title={text.title} aside={change}>
      {changing && <RingForm id={id} customer={customer} updates={updates} on_done={() => (set_changing(false), on_changed())} />}
      <div class="inset">
        <p>
          <b>{text.ring(updates.ring)}</b> <span class="quiet">({text.ring_says(updates.ring)})</span>
        </p>
      </div>
      {shown.length === 0 ? (
        <Empty>{text.none}</Empty>
      ) : (
        <ul class="rows">
          {shown.map((one) => (
            <UpdateOfOneRow key={one.name} one={one} />
          ))}
        </ul>
      )}
    </Section>
  );
}

const UpdateOfOneRow = ({ one }: { one: UpdateOfOne }) => (
  <li class="row">
    <p class="row-title">
      <Link href={`/updates/${segment(one.name)}`}>
        <Said text={words.what(one)} />
      </Link>
      <span class={`severity severity-${one.severity}`}>{words.severities[one.severity]}</span>
      {one.suspended !== null && <span class="badge badge-write">{words.suspended}</span>}
      {!one.offered && <span class="badge">{text.not_offered}</span>}
    </p>
    <p class="row-says">
      <ToldState told={one} />
    </p>
  </li>
);

interface RingFormProps extends Pick<OfOneProps, 'id' | 'customer' | 'updates'> {
  on_done: () => void;
}

function RingForm({ id, customer, updates, on_done }: RingFormProps) {
  const field = useId();
  const action = useAction();
  const [ring, set_ring] = useState(updates.ring);
  const submit = async () => {
    const done = await action.run(async () => {
      await call('PUT', `/installations/${segment(id)}/ring`, { ring });
      return text.changed(ring);
    });
    if (done) on_done();
  };
  // An update that is offered to nobody has ring 0, and is offered to no ring.
  const named = (fits: (one: UpdateOfOne) => boolean) => updates.items.filter(fits).map(words.what);
  const more = named((one) => !one.offered && one.ring >= ring);
  const fewer = named((one) => one.offered && one.ring < ring);
  return (
    <Confirm says={text.will(customer, ring, more, fewer)} submit={text.change_it} action={action} on_submit={() => void submit()} on_cancel={on_done}>
      <div class="field">
        <label for={field}>{words.rings.ring}</label>
        <select id={field} value={String(ring)} onChange={(event) => set_ring(Number(event.currentTarget.value))}>
          {Array.from({ length: kLastRing }, (_, each) => (
            <option key={each + 1} value={String(each + 1)}>
              {each + 1}
            </option>
          ))}
        </select>
      </div>
    </Confirm>
  );
}
