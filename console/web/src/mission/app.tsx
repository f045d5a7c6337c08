// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef } from 'preact/hooks';
import { when_signed_out, when_unproved } from '../api/client';
import type { Me } from '../api/types';
import { LostBanner, Standing, Toast, useFocusOnTurn } from '../components/frame';
import { Icon, type IconName } from '../components/icon';
import { Mark } from '../components/mark';
import { subject } from '../components/page';
import { plain } from '../components/said';
import { AccountPage } from '../pages/account';
import { InvitationPage } from '../pages/invitation';
import { SignInPage } from '../pages/sign_in';
import { Link, usePlace } from '../router';
import { ask_for_proof, ProofDialog } from '../sections/proof';
import { keeping } from '../sections/totp';
import { face, highest, me, who_am_i } from '../state/accounts';
import { said } from '../state/action';
import { useStore } from '../state/store';
import { words } from '../text';
import { follow, forget } from './live';
import { page_at } from './routes';
import { w } from './words';

export function App() {
  const who = useStore(me);
  const { path } = usePlace();
  useEffect(() => {
    when_signed_out(forget);
    when_unproved(ask_for_proof);
    void who_am_i();
  }, []);
  if (path === '/invitation') return <InvitationPage />;
  if (who === undefined)
    return (
      <div class="loading" role="status">
        {words.loading}
      </div>
    );
  if (who === null) return <SignInPage />;
  return <SignedIn who={who} />;
}

// As in the console: whoever has just set up more than a password keeps the recovery codes first.
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
  const about = useStore(subject);
  const message = useStore(said);
  useEffect(() => {
    document.title = words.page_title(0, title, plain(about));
  }, [title, about]);
  useFocusOnTurn(path);
  const may_operate = who.role !== face.roles[0];
  return (
    <>
      <a class="skip" href="#content">
        {words.skip}
      </a>
      <Top who={who} />
      <LostBanner />
      <div class="frame">
        <Navigation path={path} />
        <main id="content" tabIndex={-1}>
          {!may_operate && <p class="note no-print">{words.read_only_role}</p>}
          <Page key={path} may_operate={may_operate} may_change={highest(who.role)} id={id} />
        </main>
      </div>
      <ProofDialog />
      <Toast message={message} />
    </>
  );
}

function Enrolling({ who }: { who: Me }) {
  const message = useStore(said);
  return (
    <>
      <Top who={who} alone />
      <main id="content" class="alone">
        <p class="note">{words.account.must_enroll}</p>
        <AccountPage may_change={false} id="" />
      </main>
      <ProofDialog />
      <Toast message={message} />
    </>
  );
}

const Top = ({ who, alone = false }: { who: Me; alone?: boolean }) => (
  <header class="top">
    <Link class="brand" href="/" aria-label={words.product}>
      <Mark />
      <span>{words.product}</span>
    </Link>
    <Standing who={who} alone={alone} forget={forget} />
  </header>
);

const kPages: [href: string, name: string, icon: IconName][] = [
  ['/', w.nav.fleet, 'home'],
  ['/enrolment', w.nav.enrolment, 'requests'],
  ['/events', w.nav.events, 'events'],
  ['/people', w.nav.people, 'engineers'],
  ['/server', w.nav.server, 'mission-control'],
];

function Navigation({ path }: { path: string }) {
  const first = `/${path.split('/')[1] ?? ''}`;
  const here = first === '/installations' ? '/' : first;
  return (
    <nav class="nav" aria-label={words.nav.label}>
      <ul>
        {kPages.map(([href, name, icon]) => (
          <li key={href}>
            <Link href={href} aria-current={here === href ? 'page' : undefined}>
              <Icon name={icon} />
              <span>{name}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
