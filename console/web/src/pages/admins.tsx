// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';
import { PageHead } from '../components/page';
import { Link } from '../router';
import type { PageProps } from '../routes';
import { AdminsSection } from '../sections/admins';
import { InvitationsSection } from '../sections/invitations';
import { show_accounts } from '../state/accounts';
import { parts } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';

export function AdminsPage({ may_change }: PageProps) {
  const provider = useStore(parts.status).value?.admin_openid;
  useEffect(show_accounts, []);
  return (
    <>
      <PageHead title={words.admins.title} says={words.admins.says}>
        <Link href="/tokens">{words.tokens.title}</Link>
      </PageHead>
      <div class="column">
        <AdminsSection may_change={may_change} provider={provider} />
        <InvitationsSection may_change={may_change} />
      </div>
    </>
  );
}
