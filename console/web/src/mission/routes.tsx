// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Place -> page. The server answers every such path with the same document (mission/desk/admin_site.cc names them too). Who adds a
// page adds a line here, a name there, and its entry to the navigation in app.tsx.
import type { ComponentType } from 'preact';
import { AccountPage } from '../pages/account';
import { NotFoundPage } from '../pages/not_found';
import type { PageProps } from '../routes';
import { words } from '../text';
import { EnrolmentPage } from './pages/enrolment';
import { ActsPage, EventsPage } from './pages/events';
import { FleetPage } from './pages/fleet';
import { InstallationPage } from './pages/installation';
import { PeoplePage } from './pages/people';
import { ServerPage } from './pages/server';
import { UpdatePage } from './pages/update';
import { UpdatesPage } from './pages/updates';
import { roll_out } from './updates';
import { w } from './words';

// may_change: decides about people. may_operate: enrols and retires.
export type MissionPageProps = PageProps & { may_operate: boolean };

interface Route {
  pattern: RegExp;
  title: string;
  page: ComponentType<MissionPageProps>;
}

const kRoutes: Route[] = [
  { pattern: /^\/$/, title: w.fleet.title, page: FleetPage },
  { pattern: /^\/installations\/([^/]+)$/, title: w.installation, page: InstallationPage },
  { pattern: /^\/updates$/, title: roll_out.title, page: UpdatesPage },
  { pattern: /^\/updates\/([^/]+)$/, title: roll_out.one, page: UpdatePage },
  { pattern: /^\/enrolment$/, title: w.enrolment.title, page: EnrolmentPage },
  { pattern: /^\/events$/, title: w.events.title, page: EventsPage },
  { pattern: /^\/events\/people$/, title: w.events.title, page: ActsPage },
  { pattern: /^\/people$/, title: words.admins.title, page: PeoplePage },
  { pattern: /^\/server$/, title: w.server.title, page: ServerPage },
  { pattern: /^\/account$/, title: words.account.title, page: AccountPage },
];

export function page_at(path: string): { title: string; page: ComponentType<MissionPageProps>; id: string } {
  for (const { pattern, title, page } of kRoutes) {
    const found = pattern.exec(path);
    if (found) return { title, page, id: decodeURIComponent(found[1] ?? '') };
  }
  return { title: words.not_found.title, page: NotFoundPage, id: '' };
}
