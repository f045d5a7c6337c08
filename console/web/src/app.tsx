// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The frame around every page: who is signed in, whether the line is live, and what is said to screen readers.
import { useEffect } from 'preact/hooks';
import type { Me } from './api/types';
import { Entrance, Frame, TopBar, useIdentity } from './components/frame';
import { Icon, type IconName } from './components/icon';
import { subject } from './components/page';
import { plain } from './components/said';
import { InvitationPage } from './pages/invitation';
import { OpenIdPage } from './pages/openid';
import { Link, usePlace } from './router';
import { page_at } from './routes';
import { useArrivals } from './state/alerts';
import { follow, forget, parts } from './state/live';
import { useStore } from './state/store';
import { waits_for_admin } from './sections/proposals';
import { words } from './text';

export function App() {
  const { path } = usePlace();
  useIdentity(forget);
  if (path === '/invitation') return <InvitationPage />;
  if (path.startsWith('/openid/')) return <OpenIdPage path={path} />;
  return <Entrance forget={forget}>{(who) => <Console who={who} />}</Entrance>;
}

function Console({ who }: { who: Me }) {
  useEffect(follow, []);
  const { path } = usePlace();
  const { page: Page, title, id } = page_at(path);
  useTitle(title);
  return (
    <Frame path={path} top={<Top who={who} />} navigation={<Navigation path={path} />}>
      {who.role === 'auditor' && <p class="note no-print">{words.read_only_role}</p>}
      <WaitingPolicy path={path} />
      <Page key={path} may_change={who.role === 'admin'} id={id} />
    </Frame>
  );
}

const useWaiting = (): number =>
  (useStore(parts.requests).value?.length ?? 0) + (useStore(parts.holds).value?.length ?? 0) + (useStore(parts.proposals).value ?? []).filter(waits_for_admin).length;

function useTitle(page: string): void {
  const waiting = useWaiting();
  const about = useStore(subject);
  const marked = useArrivals();
  useEffect(() => {
    const title = words.page_title(waiting, page, plain(about));
    document.title = marked ? `${words.alerts.mark} ${title}` : title;
  }, [waiting, page, about, marked]);
}

const kPages: IconName[] = ['home', 'permissions', 'requests', 'sessions', 'events', 'engineers', 'admins', 'updates', 'mission-control'];

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
          <li key={name} class={name === 'updates' && pages.includes('mission-control') ? 'nav-wide' : undefined}>
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

function Top({ who }: { who: Me }) {
  const mode = useStore(parts.access).value?.mode;
  return (
    <TopBar who={who} alone={false} forget={forget}>
      {mode && (
        <Link class={`pill pill-${mode}`} href="/">
          <span class="dot" aria-hidden="true" />
          {words.access.names[mode]}
        </Link>
      )}
    </TopBar>
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
