// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';
import { PageHead } from '../../components/page';
import { AdminsSection } from '../../sections/admins';
import { InvitationsSection } from '../../sections/invitations';
import { show_accounts } from '../../state/accounts';
import { words } from '../../text';
import type { MissionPageProps } from '../routes';

export function PeoplePage({ may_change }: MissionPageProps) {
  useEffect(show_accounts, []);
  return (
    <>
      <PageHead title={words.admins.title} says={words.admins.says} />
      <div class="column">
        <AdminsSection may_change={may_change} />
        <InvitationsSection may_change={may_change} />
      </div>
    </>
  );
}
