// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Of an account that the identity provider knows: whose it is there. It has nothing else that could be changed here.
import type { ProviderAccount } from '../api/types';
import { Facts } from '../components/facts';
import { Section } from '../components/section';
import { words } from '../text';

const w = words.account.provider;

export function ProviderSection({ account }: { account: ProviderAccount }) {
  return (
    <Section id="provider" title={w.title}>
      <div class="inset">
        <p class="quiet">{w.says}</p>
        <Facts
          facts={[
            [w.issuer, account.issuer],
            [w.subject, account.subject],
            [w.role, words.roles[account.most]],
          ]}
        />
      </div>
    </Section>
  );
}
