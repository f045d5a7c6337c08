// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Asks again who it is, when the gateway wants to know, and lets go on what was wanted. Calls that wait meanwhile share the
// one answer.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { call } from '../api/client';
import { when_proved_elsewhere } from '../api/openid';
import { passkeys_work_here, prove_with_passkey } from '../api/passkey';
import { Field } from '../components/field';
import { Trouble } from '../components/notice';
import { useAction } from '../state/action';
import { me } from '../state/accounts';
import { make_store, useStore } from '../state/store';
import { words } from '../text';

interface Question {
  answer: Promise<boolean>;
  settle: (proved: boolean) => void;
}
const question = make_store<Question | undefined>(undefined);

export function ask_for_proof(): Promise<boolean> {
  const open = question.get();
  if (open) return open.answer;
  let settle: (proved: boolean) => void = () => {};
  const answer = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  question.set({ answer, settle });
  return answer;
}

function settle(proved: boolean): void {
  question.get()?.settle(proved);
  question.set(undefined);
}

export function ProofDialog() {
  const asked = useStore(question);
  return asked ? <Dialog /> : null;
}

function Dialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const who = useStore(me);
  const action = useAction();
  const [password, set_password] = useState('');
  const [code, set_code] = useState('');
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    if (!who) settle(false);
  }, [who]);
  const prove = async (how: () => Promise<void>) => {
    if (await action.run(how)) settle(true);
  };
  useEffect(() => when_proved_elsewhere(() => settle(true)), []);
  const with_password = () =>
    prove(() => call('POST', '/account/proof', { password, ...(who?.totp ? { code } : {}) }));
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby="proof-title"
      onCancel={(event) => {
        event.preventDefault();
        settle(false);
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void with_password();
        }}
      >
        <h2 id="proof-title">{words.proof.title}</h2>
        <p class="quiet">{who?.openid ? words.proof.provider_says : words.proof.says}</p>
        {passkeys_work_here() && (who?.passkeys ?? 0) > 0 && (
          <button type="button" disabled={action.busy} onClick={() => void prove(prove_with_passkey)}>
            {words.proof.with_passkey}
          </button>
        )}
        {!who?.openid && (
          <Field
            label={words.proof.password}
            kind="password"
            autocomplete="current-password"
            value={password}
            on_value={set_password}
          />
        )}
        {who?.totp && <Field label={words.proof.code} kind="code" value={code} on_value={set_code} />}
        <Trouble problem={action.problem} />
        <div class="buttons">
          {who?.openid ? (
            <a class="button primary" href="/openid/prove" target="_blank" rel="noopener">
              {words.proof.with_provider}
            </a>
          ) : (
            <button type="submit" class="primary" disabled={action.busy}>
              {words.proof.submit}
            </button>
          )}
          <button type="button" onClick={() => settle(false)}>
            {words.cancel}
          </button>
        </div>
      </form>
    </dialog>
  );
}
