// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The step between wanting and doing: says in words what will happen, right where it was asked for. Takes the focus when it
// appears (not from a radio button, whose arrow keys would stop working; and at once, so that no key is lost to a page without
// focus) and gives it back; leaves on Escape.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Action } from '../state/action';
import { words } from '../text';
import { Trouble } from './notice';
import { plain, Said } from './said';

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
  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = form.current;
    if (!(before instanceof HTMLInputElement)) element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: 'nearest' });
    return () => {
      if (!element?.contains(document.activeElement)) return;
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <form
      ref={form}
      class="confirm"
      tabIndex={-1}
      aria-label={plain(submit)}
      onSubmit={(event) => {
        event.preventDefault();
        on_submit();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          on_cancel();
        }
      }}
    >
      {says && (
        <p class="confirm-says" role="status">
          <Said text={says} />
        </p>
      )}
      {children}
      <Trouble problem={action.problem} />
      <div class="buttons">
        <button type="submit" class={danger ? 'danger' : 'primary'} aria-busy={action.busy}>
          {submit}
        </button>
        <button type="button" onClick={on_cancel}>
          {words.cancel}
        </button>
      </div>
    </form>
  );
}
