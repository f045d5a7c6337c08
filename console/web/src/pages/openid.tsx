// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where the identity provider sends the browser back to, and where the tab begins that proves for another one.
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../api/client';
import { come_back, prove_at_provider, tell_other_tabs } from '../api/openid';
import { Mark } from '../components/mark';
import { Trouble } from '../components/notice';
import { go, Link } from '../router';
import { me, who_am_i } from '../state/accounts';
import { words } from '../text';

const w = words.openid;

function Card({ title, says, problem }: { title: string; says: string; problem?: Problem | undefined }) {
  return (
    <main class="sign-in">
      <div class="card">
        <Mark />
        <h1>{title}</h1>
        {problem ? (
          <>
            <Trouble problem={problem} />
            <Link href="/">{words.invitation.to_sign_in}</Link>
          </>
        ) : (
          <p class="quiet" role="status">
            {says}
          </p>
        )}
      </div>
    </main>
  );
}

const as_problem = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(0, words.problem.unreadable, '', '', '');

export function OpenIdPage({ path }: { path: string }) {
  return path === '/openid/prove' ? <Prove /> : <Return />;
}

function Prove() {
  const [problem, set_problem] = useState<Problem | undefined>(undefined);
  useEffect(() => {
    prove_at_provider().catch((error: unknown) => set_problem(as_problem(error)));
  }, []);
  return <Card title={w.title} says={w.leaving} problem={problem} />;
}

// The code leaves the address at once, so that neither a bookmark nor the way back shows it again.
function Return() {
  const [query] = useState(() => new URLSearchParams(window.location.search));
  const [problem, set_problem] = useState<Problem | undefined>(undefined);
  const [proved, set_proved] = useState(false);
  useEffect(() => {
    window.history.replaceState(null, '', window.location.pathname);
    come_back(query)
      .then((who) => {
        if (who) {
          go(who.return ?? '/', 'replace');
          me.set(who);
          return;
        }
        tell_other_tabs();
        set_proved(true);
        void who_am_i();
      })
      .catch((error: unknown) => set_problem(as_problem(error)));
  }, []);
  return <Card title={proved ? w.proved_title : w.title} says={proved ? w.proved : w.coming} problem={problem} />;
}
