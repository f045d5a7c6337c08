// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import { add_passkey, passkeys_work_here } from '../api/passkey';
import type { Account, Passkey } from '../api/types';
import { Confirm } from '../components/confirm';
import { Field } from '../components/field';
import { Empty } from '../components/notice';
import { PasskeyHint } from '../components/passkey_hint';
import { plain, Said } from '../components/said';
import { Section } from '../components/section';
import { When } from '../components/when';
import { useAction } from '../state/action';
import { fetch_accounts, who_am_i } from '../state/accounts';
import { words } from '../text';

const w = words.account.passkeys;

export async function show_account(): Promise<void> {
  await Promise.all([fetch_accounts(), who_am_i()]);
}

export function PasskeysSection({ account }: { account: Account }) {
  const [adding, set_adding] = useState(false);
  const here = passkeys_work_here();
  const add = here && !adding && (
    <button type="button" class={account.passkeys.length === 0 ? 'primary' : ''} onClick={() => set_adding(true)}>
      {w.add}
    </button>
  );
  return (
    <Section id="passkeys" title={w.title} count={account.passkeys.length} aside={add}>
      <div class="inset">
        <p class="quiet">{w.says}</p>
        {!here && <PasskeyHint />}
      </div>
      {adding && <Add on_done={() => set_adding(false)} />}
      {account.passkeys.length === 0 ? (
        <Empty>{w.empty}</Empty>
      ) : (
        <ul class="rows">
          {account.passkeys.map((one) => (
            <Row key={one.id} passkey={one} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Add({ on_done }: { on_done: () => void }) {
  const action = useAction();
  const [name, set_name] = useState('');
  const submit = async () => {
    const added = await action.run(async () => {
      await add_passkey(name.trim());
      await show_account();
      return w.added_now;
    });
    if (added) on_done();
  };
  return (
    <Confirm says="" submit={w.submit} action={action} on_submit={() => void submit()} on_cancel={on_done}>
      <Field label={w.name} placeholder={w.example} value={name} on_value={set_name} />
    </Confirm>
  );
}

function Row({ passkey }: { passkey: Passkey }) {
  const [removing, set_removing] = useState(false);
  const action = useAction();
  const remove = () =>
    void action.run(async () => {
      await call('DELETE', `/account/passkeys/${segment(passkey.id)}`);
      await show_account();
      return w.removed;
    });
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={passkey.name} />
          </p>
          <p class="row-says">
            {w.for_host} <Said text={passkey.host} /> · {w.added} <When time={passkey.added} /> ·{' '}
            {passkey.used ? (
              <>
                {w.used} <When time={passkey.used} />
              </>
            ) : (
              w.never_used
            )}
          </p>
        </div>
        <div class="buttons">
          <button
            type="button"
            class="ghost"
            disabled={removing}
            aria-label={plain(w.remove_label(passkey.name))}
            onClick={() => set_removing(true)}
          >
            {w.remove}
          </button>
        </div>
      </div>
      {removing && (
        <Confirm
          says={w.remove_will(passkey.name)}
          submit={w.remove}
          action={action}
          danger
          on_submit={remove}
          on_cancel={() => set_removing(false)}
        />
      )}
    </li>
  );
}
