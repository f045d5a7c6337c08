// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where an invitation's link leads. The token stands behind the address' '#', which went to no server; it is sent in the body
// of a request and forgotten with the page.
import { useState } from 'preact/hooks';
import { call, Problem } from '../api/client';
import type { AdminRole, Me } from '../api/types';
import { Mark } from '../components/mark';
import { NewPassword } from '../components/new_password';
import { Body, Trouble } from '../components/notice';
import { Said } from '../components/said';
import { When } from '../components/when';
import { go, Link } from '../router';
import { useAction } from '../state/action';
import { me } from '../state/accounts';
import { useLoaded } from '../state/loaded';
import { words } from '../text';

interface Offer {
  name: string;
  role: AdminRole;
  by: string;
  expires: string;
}

export function InvitationPage() {
  const [token] = useState(() => window.location.hash.slice(1));
  const { part, reload } = useLoaded(token, async () => {
    if (!token) throw new Problem(404, words.invitation.none, '', '', '');
    return call<Offer>('POST', '/invitation', { token });
  });
  return (
    <main class="sign-in">
      <div class="card">
        <Mark />
        <h1>{words.invitation.title}</h1>
        <Body part={part} what={words.invitation.title} retry={reload}>
          {(offer) => <Accept offer={offer} token={token} />}
        </Body>
        {part.problem && <Link href="/">{words.invitation.to_sign_in}</Link>}
      </div>
    </main>
  );
}

function Accept({ offer, token }: { offer: Offer; token: string }) {
  const action = useAction();
  const [password, set_password] = useState('');
  const [again, set_again] = useState('');
  const submit = () =>
    action.run(async () => {
      if (password !== again) throw new Problem(0, words.account.password.differ, '', '', '');
      const who = await call<Me>('POST', '/invitation/accept', { token, password });
      go('/account', 'replace');
      me.set(who);
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <p>
        <Said text={words.invitation.says(offer.name, offer.role)} />
      </p>
      <p class="quiet">
        {words.invitation.by} <Said text={offer.by.replace(/^\w+:/, '')} /> · {words.invitation.expires}{' '}
        <When time={offer.expires} />
      </p>
      <input type="text" name="username" autocomplete="username" value={offer.name} readOnly hidden />
      <NewPassword
        name={offer.name}
        labels={{ fresh: words.invitation.password, again: words.invitation.again }}
        hint={words.account.password.says}
        fresh={password}
        again={again}
        on_fresh={set_password}
        on_again={set_again}
      />
      <Trouble problem={action.problem} />
      <button type="submit" class="primary" disabled={action.busy}>
        {words.invitation.submit}
      </button>
      <p class="hint">{words.invitation.next}</p>
    </form>
  );
}
