// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';
import type { Me } from '../api/types';
import { Entrance, Frame, TopBar, useIdentity } from '../components/frame';
import { Icon, type IconName } from '../components/icon';
import { subject } from '../components/page';
import { plain } from '../components/said';
import { InvitationPage } from '../pages/invitation';
import { Link, usePlace } from '../router';
import { face, highest } from '../state/accounts';
import { useStore } from '../state/store';
import { words } from '../text';
import { follow, forget } from './live';
import { page_at } from './routes';
import { roll_out } from './updates';
import { w } from './words';

export function App() {
  const { path } = usePlace();
  useIdentity(forget);
  if (path === '/invitation') return <InvitationPage />;
  return <Entrance forget={forget}>{(who) => <Mission who={who} />}</Entrance>;
}

function Mission({ who }: { who: Me }) {
  useEffect(follow, []);
  const { path } = usePlace();
  const { page: Page, title, id } = page_at(path);
  const about = useStore(subject);
  useEffect(() => {
    document.title = words.page_title(0, title, plain(about));
  }, [title, about]);
  const may_operate = who.role !== face.roles[0];
  return (
    <Frame path={path} top={<TopBar who={who} alone={false} forget={forget} />} navigation={<Navigation path={path} />}>
      {!may_operate && <p class="note no-print">{words.read_only_role}</p>}
      <Page key={path} may_operate={may_operate} may_change={highest(who.role)} id={id} />
    </Frame>
  );
}

const kPages: [href: string, name: string, icon: IconName][] = [
  ['/', w.nav.fleet, 'home'],
  ['/updates', roll_out.title, 'updates'],
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
