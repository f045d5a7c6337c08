// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The frame around every page: who is signed in, whether the line is live, and what is said to screen readers.
import { useEffect } from 'preact/hooks';
import { call, when_signed_out } from './api/client';
import type { Me } from './api/types';
import { Mark } from './components/mark';
import { Trouble } from './components/notice';
import { Said } from './components/said';
import { SignInPage } from './pages/sign_in';
import { page_at } from './routes';
import { said, useAction } from './state/action';
import { follow, forget, line, me, parts, who_am_i } from './state/live';
import { useStore } from './state/store';
import { words } from './text';

export function App() {
  const who = useStore(me);
  useEffect(() => {
    when_signed_out(forget);
    void who_am_i();
  }, []);
  if (who === undefined)
    return (
      <div class="loading" role="status">
        {words.loading}
      </div>
    );
  if (who === null) return <SignInPage />;
  return <Frame who={who} />;
}

function Frame({ who }: { who: Me }) {
  useEffect(follow, []);
  const Page = page_at(window.location.pathname);
  const message = useStore(said);
  return (
    <>
      <a class="skip" href="#content">
        {words.skip}
      </a>
      <TopBar who={who} />
      <LostBanner />
      <main id="content" tabIndex={-1}>
        <h1 class="hidden">{words.product}</h1>
        {who.role === 'auditor' && <p class="note">{words.read_only_role}</p>}
        <Page may_change={who.role === 'admin'} />
      </main>
      <Toast message={message} />
    </>
  );
}

function TopBar({ who }: { who: Me }) {
  const state = useStore(line);
  const mode = useStore(parts.access).value?.mode;
  const action = useAction();
  const sign_out = () =>
    void action.run(async () => {
      await call('POST', '/sign-out');
      forget();
    });
  return (
    <header class="top">
      <a class="brand" href="/" aria-label={words.product}>
        <Mark />
        <span>{words.product}</span>
      </a>
      {mode && (
        <a class={`pill pill-${mode}`} href="#remote-access">
          <span class="dot" aria-hidden="true" />
          {words.access.names[mode]}
        </a>
      )}
      <span class={`line line-${state}`} role="status">
        <span class="dot" aria-hidden="true" />
        {words.line[state]}
      </span>
      <span class="who">
        <Said text={who.name} />
        <small>{who.role === 'admin' ? words.account.admin : words.account.auditor}</small>
      </span>
      <button type="button" disabled={action.busy} onClick={sign_out}>
        {words.account.sign_out}
      </button>
      <Trouble problem={action.problem} />
    </header>
  );
}

function LostBanner() {
  return useStore(line) === 'lost' ? (
    <p class="banner" role="alert">
      {words.lost}
    </p>
  ) : null;
}

const kToastMs = 6000;

function Toast({ message }: { message: string }) {
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
