// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What has been approved and still holds, each with the way to take it back.
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { Grant } from '../api/types';
import { Confirm } from '../components/confirm';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { Left, When } from '../components/when';
import { Link } from '../router';
import { useAction } from '../state/action';
import { parts } from '../state/live';
import { useNow } from '../state/now';
import { useStore } from '../state/store';
import { words } from '../text';
import type { Rights } from './rights';

// Nothing to show, nothing shown: approvals are the exception.
export function GrantsSection({ may_change }: Rights) {
  const grants = useStore(parts.grants).value ?? [];
  if (grants.length === 0) return null;
  return (
    <Section id="grants" title={words.grants.title} count={grants.length}>
      <ul class="rows">
        {grants.map((one) => (
          <Row key={one.id} grant={one} may_change={may_change} />
        ))}
      </ul>
    </Section>
  );
}

function Row({ grant, may_change }: { grant: Grant } & Rights) {
  const [asking, set_asking] = useState(false);
  const action = useAction();
  const now = useNow();
  const revoke = async () => {
    const done = await action.run(async () => {
      await call('POST', `/grants/${segment(grant.id)}/revoke`);
    });
    if (done) set_asking(false);
  };
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Link href={`/requests/grant/${segment(grant.id)}`}>
              <Said text={grant.engineer} />
            </Link>
            <span class="quiet">
              {new Date(grant.from).getTime() > now ? (
                <>
                  {words.approvals.begins} <When time={grant.from} />
                </>
              ) : (
                <>
                  <Left until={grant.until} /> {words.left}
                </>
              )}
            </span>
          </p>
          <p class="row-says">
            <Said text={grant.capabilities.join(', ')} />
          </p>
          {grant.signed_by && (
            <p class="quiet">
              <Said text={words.signed.by(grant.signed_by.join(', '))} />
            </p>
          )}
        </div>
        {may_change && !asking && (
          <button type="button" onClick={() => set_asking(true)}>
            {words.grants.revoke}
          </button>
        )}
      </div>
      {asking && (
        <Confirm
          says={words.grants.will(grant.engineer)}
          submit={words.grants.submit}
          action={action}
          danger
          on_submit={() => void revoke()}
          on_cancel={() => set_asking(false)}
        />
      )}
    </li>
  );
}
