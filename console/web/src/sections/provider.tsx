// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Of an account that the identity provider knows: whose it is there. It has nothing else that could be changed here.
import type { ProviderAccount } from '../api/types';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { words } from '../text';

const w = words.account.provider;

export function ProviderSection({ account }: { account: ProviderAccount }) {
  return (
    <Section id="provider" title={w.title}>
      <div class="inset">
        <p class="quiet">{w.says}</p>
        <dl class="facts">
          <dt>{w.issuer}</dt>
          <dd>
            <Said text={account.issuer} />
          </dd>
          <dt>{w.subject}</dt>
          <dd>
            <Said text={account.subject} />
          </dd>
          <dt>{w.role}</dt>
          <dd>{words.roles[account.most]}</dd>
        </dl>
      </div>
    </Section>
  );
}
