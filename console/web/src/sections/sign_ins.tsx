// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { call, segment } from '../api/client';
import type { Account, SignIn } from '../api/types';
import { Trouble } from '../components/notice';
import { plain, Said } from '../components/said';
import { Section } from '../components/section';
import { When } from '../components/when';
import { useAction } from '../state/action';
import { fetch_accounts } from '../state/accounts';
import { words } from '../text';

const w = words.account.sign_ins;

export function SignInsSection({ account }: { account: Account }) {
  const action = useAction();
  const others = account.sign_ins.some((one) => !one.current);
  const end_others = () =>
    void action.run(async () => {
      const { ended } = await call<{ ended: number }>('DELETE', '/account/sign-ins');
      await fetch_accounts();
      return w.ended(ended);
    });
  const aside = others && (
    <button type="button" disabled={action.busy} onClick={end_others}>
      {w.end_others}
    </button>
  );
  return (
    <Section id="sign-ins" title={w.title} count={account.sign_ins.length} aside={aside}>
      <Trouble problem={action.problem} />
      <ul class="rows">
        {account.sign_ins.map((one) => (
          <Row key={one.id} sign_in={one} />
        ))}
      </ul>
    </Section>
  );
}

function Row({ sign_in }: { sign_in: SignIn }) {
  const action = useAction();
  const end = () =>
    void action.run(async () => {
      await call('DELETE', `/account/sign-ins/${segment(sign_in.id)}`);
      await fetch_accounts();
      return w.ended(1);
    });
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={sign_in.client} />
            {sign_in.current && <span class="badge badge-on">{w.current}</span>}
          </p>
          <p class="row-says">
            <Said text={sign_in.method === 'openid' ? words.admins.by_provider : sign_in.method} /> · {w.since} <When time={sign_in.since} /> · {w.seen} <When time={sign_in.seen} />
          </p>
          {sign_in.user_agent && (
            <p class="row-says">
              <Said text={sign_in.user_agent} />
            </p>
          )}
        </div>
        {!sign_in.current && (
          <div class="buttons">
            <button
              type="button"
              class="ghost"
              disabled={action.busy}
              aria-label={plain(w.end_label(sign_in.client))}
              onClick={end}
            >
              {w.end}
            </button>
          </div>
        )}
      </div>
      <Trouble problem={action.problem} />
    </li>
  );
}
