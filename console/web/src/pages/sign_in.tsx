// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { call } from '../api/client';
import type { Me } from '../api/types';
import { Mark } from '../components/mark';
import { Trouble } from '../components/notice';
import { useAction } from '../state/action';
import { me } from '../state/live';
import { words } from '../text';

export function SignInPage() {
  const action = useAction();
  const [name, set_name] = useState('');
  const [password, set_password] = useState('');
  const submit = () =>
    action.run(async () => {
      me.set(await call<Me>('POST', '/sign-in', { name, password }));
    });
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
        <p class="quiet">{words.tagline}</p>
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
        <button type="submit" class="primary" disabled={action.busy}>
          {action.busy ? words.sign_in.busy : words.sign_in.submit}
        </button>
        <p class="hint">{words.sign_in.first}</p>
      </form>
    </main>
  );
}
