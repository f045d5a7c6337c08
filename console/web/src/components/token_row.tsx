// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A token in a list, and the way to end it. Of whatever kind: what it is for stands in it.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import { useAction } from '../state/action';
import { words } from '../text';
import { Confirm } from './confirm';
import { Facts } from './facts';
import { Said } from './said';

interface Props {
  token: { id: string; name: string };
  path: string; // of the list that it is in
  will_revoke: string;
  revoked: string;
  facts: Parameters<typeof Facts>[0]['facts'];
  badge?: string;
  children?: ComponentChildren; // below its name
  may_change: boolean;
  on_revoked: () => void;
}

export function TokenRow({ token, path, will_revoke, revoked, facts, badge, children, may_change, on_revoked }: Props) {
  const [asking, set_asking] = useState(false);
  const action = useAction();
  const revoke = () =>
    void action
      .run(async () => {
        await call('DELETE', `${path}/${segment(token.id)}`, {});
        return revoked;
      })
      .then((went_well) => went_well && on_revoked());
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={token.name} /> {badge && <span class="badge">{badge}</span>}
          </p>
          {children}
        </div>
        {may_change && !asking && (
          <div class="row-set">
            <button type="button" onClick={() => set_asking(true)}>
              {words.tokens.revoke}
            </button>
          </div>
        )}
      </div>
      <Facts facts={facts} />
      {asking && (
        <Confirm says={will_revoke} submit={words.tokens.revoke} action={action} danger on_submit={revoke} on_cancel={() => set_asking(false)} />
      )}
    </li>
  );
}
