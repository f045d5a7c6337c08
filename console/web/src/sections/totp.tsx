// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An authenticator app and the recovery codes that stand in for it. Secret and codes are held in this page's memory only.
import { useEffect, useState } from 'preact/hooks';
import { call } from '../api/client';
import type { Account } from '../api/types';
import { Confirm } from '../components/confirm';
import { Field } from '../components/field';
import { Trouble } from '../components/notice';
import { Qr } from '../components/qr';
import { Section } from '../components/section';
import { useAction } from '../state/action';
import { me } from '../state/accounts';
import { make_store, useStore } from '../state/store';
import { words } from '../text';
import { show_account } from './passkeys';

const w = words.account.totp;
const r = words.account.recovery;

// Codes are on the page that nobody has kept yet, and that are shown this once: the page stays as it is.
export const keeping = make_store(false);

interface Secret {
  secret: string;
  link: string;
}
interface Codes {
  recovery_codes: string[];
}

export function TotpSection({ account }: { account: Account }) {
  const action = useAction();
  const required = useStore(me)?.must_enroll === true;
  const [secret, set_secret] = useState<Secret | undefined>(undefined);
  const [codes, set_codes] = useState<string[] | undefined>(undefined);
  const [asking, set_asking] = useState<'disable' | 'renew' | undefined>(undefined);
  const begin = () =>
    void action.run(async () => {
      set_secret(await call<Secret>('POST', '/account/totp/secret'));
    });
  const finish = (made: string[]) => {
    keeping.set(true);
    set_secret(undefined);
    set_codes(made);
  };
  const kept = () => {
    set_codes(undefined);
    keeping.set(false);
  };
  useEffect(() => () => keeping.set(false), []);
  const disable = () =>
    void action.run(async () => {
      await call('DELETE', '/account/totp');
      await show_account();
      set_asking(undefined);
      return w.disabled;
    });
  const renew = () =>
    void action.run(async () => {
      set_codes((await call<Codes>('POST', '/account/recovery-codes')).recovery_codes);
      await show_account();
      set_asking(undefined);
    });
  const aside = account.totp ? (
    <div class="buttons">
      <button type="button" disabled={asking !== undefined} onClick={() => set_asking('renew')}>
        {r.make}
      </button>
      <button type="button" class="ghost" disabled={asking !== undefined} onClick={() => set_asking('disable')}>
        {w.disable}
      </button>
    </div>
  ) : (
    !secret && (
      <button type="button" disabled={action.busy} onClick={begin}>
        {w.begin}
      </button>
    )
  );
  return (
    <Section id="totp" title={w.title} aside={aside}>
      <div class="inset">
        <p class="quiet">
          {account.totp ? w.on : required ? w.off_yet : w.off}
          {account.totp && ` ${r.left(account.recovery_codes)}`}
          {account.totp && account.recovery_codes < 3 && ` ${r.few}`}
        </p>
        {!asking && !secret && <Trouble problem={action.problem} />}
      </div>
      {secret && <Enable secret={secret} on_done={finish} on_cancel={() => set_secret(undefined)} />}
      {codes && <RecoveryCodes name={account.name} codes={codes} on_close={kept} />}
      {asking && (
        <Confirm
          says={asking === 'disable' ? w.disable_will : r.make_will}
          submit={asking === 'disable' ? w.disable : r.make}
          action={action}
          danger
          on_submit={asking === 'disable' ? disable : renew}
          on_cancel={() => {
            action.clear();
            set_asking(undefined);
          }}
        />
      )}
    </Section>
  );
}

interface EnableProps {
  secret: Secret;
  on_done: (codes: string[]) => void;
  on_cancel: () => void;
}

function Enable({ secret, on_done, on_cancel }: EnableProps) {
  const action = useAction();
  const [code, set_code] = useState('');
  const submit = () =>
    void action.run(async () => {
      const made = await call<Codes>('PUT', '/account/totp', { code });
      on_done(made.recovery_codes);
      await show_account();
    });
  return (
    <Confirm says={w.scan} submit={w.enable} action={action} on_submit={submit} on_cancel={on_cancel}>
      <div class="totp">
        <Qr text={secret.link} label={w.picture} />
        <div class="fields">
          <p>
            <span class="quiet">{w.secret}</span>
            <br />
            <code class="secret">{secret.secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
          </p>
          <p>
            <a href={secret.link}>{w.open}</a>
          </p>
          <Field label={w.code} kind="code" value={code} on_value={set_code} />
        </div>
      </div>
    </Confirm>
  );
}

function RecoveryCodes({ name, codes, on_close }: { name: string; codes: string[]; on_close: () => void }) {
  const download = () => {
    const place = URL.createObjectURL(new Blob([`${r.file(name)}\n\n${codes.join('\n')}\n`], { type: 'text/plain' }));
    const link = document.createElement('a');
    link.href = place;
    link.download = `postern-recovery-codes-${name}.txt`;
    link.click();
    URL.revokeObjectURL(place);
  };
  return (
    <div class="confirm" role="group" aria-label={r.title}>
      <p class="confirm-says" role="status">
        <strong>{r.title}</strong> {r.says}
      </p>
      <ul class="codes">
        {codes.map((one) => (
          <li key={one}>
            <code>{one}</code>
          </li>
        ))}
      </ul>
      <div class="buttons no-print">
        <button type="button" class="primary" onClick={on_close}>
          {r.kept}
        </button>
        <button type="button" onClick={download}>
          {r.download}
        </button>
        <button type="button" onClick={() => window.print()}>
          {r.print}
        </button>
      </div>
    </div>
  );
}
