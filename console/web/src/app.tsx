// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The frame around every page: who is signed in, whether the line is live, and what is said to screen readers.
import { useEffect, useRef } from 'preact/hooks';
import { when_signed_out, when_unproved } from './api/client';
import type { Me } from './api/types';
import { LostBanner, Standing, Toast, useFocusOnTurn } from './components/frame';
import { Icon, type IconName } from './components/icon';
import { Mark } from './components/mark';
import { subject } from './components/page';
import { plain } from './components/said';
import { AccountPage } from './pages/account';
import { InvitationPage } from './pages/invitation';
import { OpenIdPage } from './pages/openid';
import { SignInPage } from './pages/sign_in';
import { Link, usePlace } from './router';
import { page_at } from './routes';
import { ask_for_proof, ProofDialog } from './sections/proof';
import { keeping } from './sections/totp';
import { said } from './state/action';
import { useArrivals } from './state/alerts';
import { me, who_am_i } from './state/accounts';
import { follow, forget, parts } from './state/live';
import { useStore } from './state/store';
import { words } from './text';

export function App() {
  const who = useStore(me);
  const { path } = usePlace();
  useEffect(() => {
    when_signed_out(forget);
    when_unproved(ask_for_proof);
    void who_am_i();
  }, []);
  if (path === '/invitation') return <InvitationPage />;
  if (path.startsWith('/openid/')) return <OpenIdPage path={path} />;
  if (who === undefined)
    return (
      <div class="loading" role="status">
        {words.loading}
      </div>
    );
  if (who === null) return <SignInPage />;
  return <SignedIn who={who} />;
}

// Whoever has just set up more than a password keeps the recovery codes before the page becomes another one.
function SignedIn({ who }: { who: Me }) {
  const enrolling = useRef(false);
  const codes = useStore(keeping);
  enrolling.current = who.must_enroll === true || (enrolling.current && codes);
  return enrolling.current ? <Enrolling who={who} /> : <Frame who={who} />;
}

function Frame({ who }: { who: Me }) {
  useEffect(follow, []);
  const { path } = usePlace();
  const { page: Page, title, id } = page_at(path);
  const message = useStore(said);
  useTitle(title);
  useFocusOnTurn(path);
  return (
    <>
      <a class="skip" href="#content">
        {words.skip}
      </a>
      <TopBar who={who} />
      <LostBanner />
      <div class="frame">
        <Navigation path={path} />
        <main id="content" tabIndex={-1}>
          {who.role === 'auditor' && <p class="note no-print">{words.read_only_role}</p>}
          <WaitingPolicy path={path} />
          <Page key={path} may_change={who.role === 'admin'} id={id} />
        </main>
      </div>
      <ProofDialog />
      <Toast message={message} />
    </>
  );
}

// More than a password is wanted: until there is more, one's own account is all that opens.
function Enrolling({ who }: { who: Me }) {
  const message = useStore(said);
  return (
    <>
      <TopBar who={who} alone />
      <main id="content" class="alone">
        <p class="note">{words.account.must_enroll}</p>
        <AccountPage may_change={false} id="" />
      </main>
      <ProofDialog />
      <Toast message={message} />
    </>
  );
}

const useWaiting = (): number =>
  (useStore(parts.requests).value?.length ?? 0) + (useStore(parts.holds).value?.length ?? 0);

function useTitle(page: string): void {
  const waiting = useWaiting();
  const about = useStore(subject);
  const marked = useArrivals();
  useEffect(() => {
    const title = words.page_title(waiting, page, plain(about));
    document.title = marked ? `${words.alerts.mark} ${title}` : title;
  }, [waiting, page, about, marked]);
}

const kPages: IconName[] = ['home', 'permissions', 'requests', 'sessions', 'events', 'engineers', 'admins', 'mission-control'];

// Places that are reached from a page and have no entry of their own.
const kBelow: Record<string, IconName> = { policy: 'permissions', tokens: 'admins' };

function Navigation({ path }: { path: string }) {
  const waiting = useWaiting();
  const inside = useStore(parts.sessions).value?.length ?? 0;
  const pages = useStore(parts.status).value?.link ? kPages : kPages.filter((name) => name !== 'mission-control');
  const place = path === '/' ? 'home' : (path.split('/')[1] ?? '');
  const here = kBelow[place] ?? place;
  return (
    <nav class="nav" aria-label={words.nav.label}>
      <ul>
        {pages.map((name) => (
          <li key={name}>
            <Link href={name === 'home' ? '/' : `/${name}`} aria-current={here === name ? 'page' : undefined}>
              <Icon name={name} />
              <span>
                {words.nav[name]}
                {name === 'mission-control' && <span class="nav-rest">{words.nav.rest}</span>}
              </span>
              {name === 'requests' && waiting > 0 && (
                <b class="nav-count waiting" title={words.nav.waiting(waiting)}>
                  {waiting}
                </b>
              )}
              {name === 'sessions' && inside > 0 && (
                <b class="nav-count" title={words.nav.inside(inside)}>
                  {inside}
                </b>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

// alone: there is no live line yet whose state could be told.
function TopBar({ who, alone = false }: { who: Me; alone?: boolean }) {
  const mode = useStore(parts.access).value?.mode;
  return (
    <header class="top">
      <Link class="brand" href="/" aria-label={words.product}>
        <Mark />
        <span>{words.product}</span>
      </Link>
      {mode && (
        <Link class={`pill pill-${mode}`} href="/">
          <span class="dot" aria-hidden="true" />
          {words.access.names[mode]}
        </Link>
      )}
      <Standing who={who} alone={alone} forget={forget} />
    </header>
  );
}

// On every page, so that nobody looks for what is closed and does not see why.
function WaitingPolicy({ path }: { path: string }) {
  const waits = useStore(parts.status).value?.policy?.waits;
  return waits && path !== '/policy' ? (
    <p class="note note-waits no-print">
      {words.policy.notice} <Link href="/policy">{words.policy.notice_link}</Link>
    </p>
  ) : null;
}
