// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { PageHead } from '../components/page';
import type { PageProps } from '../routes';
import { AdminsSection } from '../sections/admins';
import { InvitationsSection } from '../sections/invitations';
import { fetch_accounts, kSignInsEveryMs } from '../state/live';
import { useEvery } from '../state/loaded';
import { words } from '../text';

export function AdminsPage({ may_change }: PageProps) {
  useEvery(kSignInsEveryMs, () => void fetch_accounts());
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
