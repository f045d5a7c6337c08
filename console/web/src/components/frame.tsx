// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What stands around every page of either face: who is signed in, whether the line is live, what is said to screen readers.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { call, when_signed_out, when_unproved } from '../api/client';
import type { Me } from '../api/types';
import { AccountPage } from '../pages/account';
import { SignInPage } from '../pages/sign_in';
import { Link } from '../router';
import { ask_for_proof, ProofDialog } from '../sections/proof';
import { keeping } from '../sections/totp';
import { left_provider, line, me, who_am_i } from '../state/accounts';
import { said, useAction } from '../state/action';
import { useStore } from '../state/store';
import { words } from '../text';
import { Mark } from './mark';
import { Trouble } from './notice';
import { Said } from './said';

interface StandingProps {
  who: Me;
  alone: boolean; // there is no live line yet whose state could be told
  forget: () => void;
}

function Standing({ who, alone, forget }: StandingProps) {
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
function useFocusOnTurn(path: string): void {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) document.getElementById('page-title')?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
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

interface EntranceProps {
  forget: () => void;
  children: (who: Me) => ComponentChildren; // once somebody is signed in
}

export function Entrance({ forget, children }: EntranceProps) {
  const who = useStore(me);
  if (who === undefined)
    return (
      <div class="loading" role="status">
        {words.loading}
      </div>
    );
  if (who === null) return <SignInPage />;
  return <SignedIn who={who} forget={forget} page={children} />;
}

// To be called by whoever may show an entrance, or something before it.
export function useIdentity(forget: () => void): void {
  useEffect(() => {
    when_signed_out(forget);
    when_unproved(ask_for_proof);
    void who_am_i();
  }, []);
}

// Whoever has just set up more than a password keeps the recovery codes before the page becomes another one. More than a password is
// wanted: until there is more, one's own account is all that opens.
function SignedIn({ who, forget, page }: { who: Me; forget: () => void; page: EntranceProps['children'] }) {
  const enrolling = useRef(false);
  const codes = useStore(keeping);
  const message = useStore(said);
  enrolling.current = who.must_enroll === true || (enrolling.current && codes);
  return (
    <>
      {enrolling.current ? (
        <>
          <TopBar who={who} alone forget={forget} />
          <main id="content" class="alone">
            <p class="note">{words.account.must_enroll}</p>
            <AccountPage may_change={false} id="" />
          </main>
        </>
      ) : (
        page(who)
      )}
      <ProofDialog />
      <Toast message={message} />
    </>
  );
}

// children: between the mark and who is signed in.
export const TopBar = ({ children, ...standing }: StandingProps & { children?: ComponentChildren }) => (
  <header class="top">
    <Link class="brand" href="/" aria-label={words.product}>
      <Mark />
      <span>{words.product}</span>
    </Link>
    {children}
    <Standing {...standing} />
  </header>
);

interface FrameProps {
  path: string;
  top: ComponentChildren;
  navigation: ComponentChildren;
  children: ComponentChildren; // the page
}

export function Frame({ path, top, navigation, children }: FrameProps) {
  useFocusOnTurn(path);
  return (
    <>
      <a class="skip" href="#content">
        {words.skip}
      </a>
      {top}
      <LostBanner />
      <div class="frame">
        {navigation}
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
    </>
  );
}
