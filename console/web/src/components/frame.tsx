// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What stands around every page of either face: who is signed in, whether the line is live, what is said to screen readers.
import { useEffect, useRef } from 'preact/hooks';
import { call } from '../api/client';
import type { Me } from '../api/types';
import { Link } from '../router';
import { left_provider, line } from '../state/accounts';
import { said, useAction } from '../state/action';
import { useStore } from '../state/store';
import { words } from '../text';
import { Trouble } from './notice';
import { Said } from './said';

interface StandingProps {
  who: Me;
  alone: boolean; // there is no live line yet whose state could be told
  forget: () => void;
}

export function Standing({ who, alone, forget }: StandingProps) {
  const state = useStore(line);
  const action = useAction();
  const sign_out = () =>
    void action.run(async () => {
      await call('POST', '/sign-out');
      left_provider.set(who.openid === true);
      forget();
    });
  return (
    <>
      {alone ? (
        <span class="line" />
      ) : (
        <span class={`line line-${state}`} role="status">
          <span class="dot" aria-hidden="true" />
          {words.line[state]}
        </span>
      )}
      <Link class="who" href="/account" title={words.account.title}>
        <Said text={who.name} />
        <small>{words.roles[who.role]}</small>
      </Link>
      <button type="button" disabled={action.busy} onClick={sign_out}>
        {words.account.sign_out}
      </button>
      <Trouble problem={action.problem} />
    </>
  );
}

// Another page: its name gets the focus, so that a keyboard and a screen reader go on from there.
export function useFocusOnTurn(path: string): void {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) document.getElementById('page-title')?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
}

export function LostBanner() {
  return useStore(line) === 'lost' ? (
    <p class="banner" role="alert">
      {words.lost}
    </p>
  ) : null;
}

const kToastMs = 6000;

export function Toast({ message }: { message: string }) {
  useEffect(() => {
    if (!message) return;
    const timer = window.setTimeout(() => said.set(''), kToastMs);
    return () => window.clearTimeout(timer);
  }, [message]);
  return (
    <div class="toast" role="status" aria-live="polite">
      {message && (
        <p>
          <Said text={message} />
        </p>
      )}
    </div>
  );
}
