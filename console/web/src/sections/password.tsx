// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { call, Problem } from '../api/client';
import type { Account } from '../api/types';
import { Confirm } from '../components/confirm';
import { Field } from '../components/field';
import { NewPassword } from '../components/new_password';
import { Section } from '../components/section';
import { useAction } from '../state/action';
import { fetch_accounts } from '../state/accounts';
import { words } from '../text';

const w = words.account.password;

export function PasswordSection({ account }: { account: Account }) {
  const [changing, set_changing] = useState(false);
  const change = !changing && (
    <button type="button" onClick={() => set_changing(true)}>
      {w.change}
    </button>
  );
  return (
    <Section id="password-change" title={w.title} aside={change}>
      <div class="inset">
        <p class="quiet">{w.says}</p>
      </div>
      {changing && <Change account={account} on_done={() => set_changing(false)} />}
    </Section>
  );
}

function Change({ account, on_done }: { account: Account; on_done: () => void }) {
  const action = useAction();
  const [old, set_old] = useState('');
  const [fresh, set_fresh] = useState('');
  const [again, set_again] = useState('');
  const [code, set_code] = useState('');
  const submit = async () => {
    const changed = await action.run(async () => {
      if (fresh !== again) throw new Problem(0, w.differ, '', '', '');
      await call('PUT', '/account/password', { old, new: fresh, ...(account.totp ? { code } : {}) });
      await fetch_accounts();
      return w.changed;
    });
    if (changed) on_done();
  };
  return (
    <Confirm says={w.will} submit={w.submit} action={action} on_submit={() => void submit()} on_cancel={on_done}>
      <div class="fields">
        <Field label={w.old} kind="password" autocomplete="current-password" value={old} on_value={set_old} />
        {account.totp && <Field label={w.code} kind="code" value={code} on_value={set_code} />}
      </div>
      <NewPassword name={account.name} labels={w} fresh={fresh} again={again} on_fresh={set_fresh} on_again={set_again} />
    </Confirm>
  );
}
