// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Place in the console -> page. The gateway answers every such path with the same document (console/site.cc names them too).
import type { ComponentType } from 'preact';
import { AccountPage } from './pages/account';
import { AdminsPage } from './pages/admins';
import { EngineersPage } from './pages/engineers';
import { EventPage } from './pages/event';
import { EventsPage } from './pages/events';
import { HomePage } from './pages/home';
import { MissionControlPage } from './pages/mission_control';
import { NotFoundPage } from './pages/not_found';
import { PastSessionsPage } from './pages/past_sessions';
import { PermissionsPage } from './pages/permissions';
import { PolicyPage } from './pages/policy';
import { GrantPage, RequestPage } from './pages/request';
import { RequestsPage } from './pages/requests';
import { SessionPage } from './pages/session';
import { SessionsPage } from './pages/sessions';
import { TokensPage } from './pages/tokens';
import { UpdatesPage } from './pages/updates';
import type { Rights } from './sections/rights';
import { words } from './text';

// id: what stands in the path's place for it.
export type PageProps = Rights & { id: string };

interface Route {
  pattern: RegExp;
  title: string;
  page: ComponentType<PageProps>;
}

const kRoutes: Route[] = [
  { pattern: /^\/$/, title: words.nav.home, page: HomePage },
  { pattern: /^\/permissions$/, title: words.nav.permissions, page: PermissionsPage },
  { pattern: /^\/policy$/, title: words.policy.title, page: PolicyPage },
  { pattern: /^\/requests$/, title: words.nav.requests, page: RequestsPage },
  { pattern: /^\/requests\/grant\/([^/]+)$/, title: words.request.grant_title, page: GrantPage },
  { pattern: /^\/requests\/([^/]+)$/, title: words.request.title, page: RequestPage },
  { pattern: /^\/sessions$/, title: words.nav.sessions, page: SessionsPage },
  { pattern: /^\/sessions\/past$/, title: words.past.title, page: PastSessionsPage },
  { pattern: /^\/sessions\/([^/]+)$/, title: words.session.title, page: SessionPage },
  { pattern: /^\/events$/, title: words.nav.events, page: EventsPage },
  { pattern: /^\/events\/([^/]+)$/, title: words.event.title, page: EventPage },
  { pattern: /^\/engineers$/, title: words.nav.engineers, page: EngineersPage },
  { pattern: /^\/admins$/, title: words.nav.admins, page: AdminsPage },
  { pattern: /^\/mission-control$/, title: words.mission.title, page: MissionControlPage },
  { pattern: /^\/updates$/, title: words.updates.title, page: UpdatesPage },
  { pattern: /^\/account$/, title: words.account.title, page: AccountPage },
  { pattern: /^\/tokens$/, title: words.tokens.title, page: TokensPage },
];

export interface Found {
  title: string;
  page: ComponentType<PageProps>;
  id: string;
}

export function page_at(path: string): Found {
  for (const { pattern, title, page } of kRoutes) {
    const match = pattern.exec(path);
    if (match) return { title, page, id: decoded(match[1] ?? '') };
  }
  return { title: words.not_found.title, page: NotFoundPage, id: '' };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
