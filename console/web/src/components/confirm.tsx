// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The step between wanting and doing: says in words what will happen, right where it was asked for. Takes the focus when it
// appears and gives it back, leaves on Escape, and never does anything by itself.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Action } from '../state/action';
import { words } from '../text';
import { Trouble } from './notice';

interface ConfirmProps {
  says: string;
  submit: string;
  action: Action;
  danger?: boolean;
  on_submit: () => void;
  on_cancel: () => void;
  children?: ComponentChildren;
}

export function Confirm({ says, submit, action, danger, on_submit, on_cancel, children }: ConfirmProps) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    form.current?.focus({ preventScroll: true });
    form.current?.scrollIntoView({ block: 'nearest' });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <form
      ref={form} class="confirm" tabIndex={-1} aria-label={submit}
      onSubmit={(event) => { event.preventDefault(); on_submit(); }}
      onKeyDown={(event) => { if (event.key === 'Escape') { event.stopPropagation(); on_cancel(); } }}
    >
      {says && <p class="confirm-says">{says}</p>}
      {children}
      <Trouble problem={action.problem} />
      <div class="buttons">
        <button type="submit" class={danger ? 'danger' : 'primary'} disabled={action.busy}>{submit}</button>
        <button type="button" onClick={on_cancel}>{words.cancel}</button>
      </div>
    </form>
  );
}
