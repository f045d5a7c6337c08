// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { call, Problem } from '../api/client';
import { provider_is_there, sign_in_at_provider, sign_out_at_provider } from '../api/openid';
import { passkeys_work_here, sign_in_with_passkey } from '../api/passkey';
import type { Me } from '../api/types';
import { Field } from '../components/field';
import { Mark } from '../components/mark';
import { Trouble } from '../components/notice';
import { PasskeyHint } from '../components/passkey_hint';
import { useAction } from '../state/action';
import { left_provider, me } from '../state/accounts';
import { useStore } from '../state/store';
import { words } from '../text';

// A gateway that cannot say so has none: what else there is works all the same.
function useProvider(): boolean {
  const [there, set_there] = useState(false);
  useEffect(() => {
    provider_is_there().then(set_there, () => {});
  }, []);
  return there;
}

export function SignInPage() {
  const action = useAction();
  const [name, set_name] = useState('');
  const [password, set_password] = useState('');
  const [code, set_code] = useState('');
  const [wants_code, set_wants_code] = useState(false);
  const submit = () =>
    action.run(async () => {
      try {
        me.set(await call<Me>('POST', '/sign-in', { name, password, ...(wants_code ? { code } : {}) }));
      } catch (error) {
        if (!(error instanceof Problem && error.code === 'second_factor_needed')) throw error;
        set_wants_code(true);
      }
    });
  const with_passkey = () =>
    action.run(async () => {
      me.set(await sign_in_with_passkey<Me>());
    });
  const provider = useProvider();
  const left = useStore(left_provider);
  const with_provider = () => action.run(() => sign_in_at_provider(window.location.pathname + window.location.search));
  const sign_out_there = () =>
    action.run(async () => {
      if (!(await sign_out_at_provider())) throw new Problem(0, words.sign_in.nowhere, '', '', '');
    });
  const back = () => {
    action.clear();
    set_wants_code(false);
    set_code('');
    set_password('');
  };
  return (
    <main class="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Mark />
        <h1>{words.sign_in.title}</h1>
        {wants_code ? (
          <>
            <p class="quiet" role="status">
              {words.sign_in.code_says}
            </p>
            <Field label={words.sign_in.code} kind="code" name="code" value={code} on_value={set_code} />
            <Trouble problem={action.problem} />
            <div class="buttons">
              <button type="submit" class="primary" disabled={action.busy}>
                {action.busy ? words.sign_in.busy : words.sign_in.code_submit}
              </button>
              <button type="button" onClick={back}>
                {words.sign_in.back}
              </button>
            </div>
            <p class="hint">{words.sign_in.lost}</p>
          </>
        ) : (
          <>
            <p class="quiet">{words.tagline}</p>
            {left && (
              <div class="note column" role="status">
                <p>{words.sign_in.signed_out}</p>
                <button type="button" disabled={action.busy} onClick={() => void sign_out_there()}>
                  {words.sign_in.sign_out_there}
                </button>
              </div>
            )}
            {provider && (
              <>
                <button type="button" class="primary" disabled={action.busy} onClick={() => void with_provider()}>
                  {words.sign_in.with_provider}
                </button>
                <p class="divider">{words.sign_in.or}</p>
              </>
            )}
            {passkeys_work_here() && (
              <>
                <button
                  type="button"
                  class={provider ? '' : 'primary'}
                  disabled={action.busy}
                  onClick={() => void with_passkey()}
                >
                  {words.sign_in.with_passkey}
                </button>
                <p class="divider">{words.sign_in.or}</p>
              </>
            )}
            <div class="field">
              <label for="name">{words.sign_in.name}</label>
              <input
                id="name"
                name="username"
                autocomplete="username"
                autocapitalize="none"
                spellcheck={false}
                required
                value={name}
                onInput={(event) => set_name(event.currentTarget.value)}
              />
            </div>
            <div class="field">
              <label for="password">{words.sign_in.password}</label>
              <input
                id="password"
                name="password"
                type="password"
                autocomplete="current-password"
                required
                value={password}
                onInput={(event) => set_password(event.currentTarget.value)}
              />
            </div>
            <Trouble problem={action.problem} />
            <button type="submit" class={provider || passkeys_work_here() ? '' : 'primary'} disabled={action.busy}>
              {action.busy ? words.sign_in.busy : words.sign_in.submit}
            </button>
            {passkeys_work_here() ? <p class="hint">{words.sign_in.first}</p> : <PasskeyHint />}
          </>
        )}
      </form>
    </main>
  );
}
