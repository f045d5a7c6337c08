// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who is connected: calls that wait, sessions, and the button that ends all of them.
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import { Confirm } from '../components/confirm';
import { PageHead } from '../components/page';
import { Tabs } from '../components/tabs';
import type { PageProps } from '../routes';
import { HoldsSection } from '../sections/holds';
import { SessionsSection } from '../sections/sessions';
import { useAction } from '../state/action';
import { parts } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';

export const kSessionTabs = { '/sessions': words.past.live, '/sessions/past': words.past.past };

export function SessionsPage({ may_change }: PageProps) {
  const [asking, set_asking] = useState(false);
  const sessions = useStore(parts.sessions).value ?? [];
  return (
    <>
      <PageHead title={words.nav.sessions} says={words.session.live_says}>
        {may_change && sessions.length > 0 && !asking && (
          <button type="button" onClick={() => set_asking(true)}>
            {words.session.end_all}
          </button>
        )}
      </PageHead>
      <Tabs label={words.past.tabs} tabs={kSessionTabs} />
      <div class="column">
        {asking && <EndAll on_done={() => set_asking(false)} />}
        <HoldsSection may_change={may_change} />
        <SessionsSection may_change={may_change} />
      </div>
    </>
  );
}

function EndAll({ on_done }: { on_done: () => void }) {
  const action = useAction();
  const sessions = useStore(parts.sessions).value ?? [];
  const end = async () => {
    const done = await action.run(async () => {
      for (const one of sessions) await call('POST', `/sessions/${segment(one.id)}/end`);
      return words.session.ended_all(sessions.length);
    });
    if (done) on_done();
  };
  return (
    <Confirm
      says={words.session.will_end_all(sessions.length)}
      submit={words.session.end_all}
      action={action}
      danger
      on_submit={() => void end()}
      on_cancel={on_done}
    />
  );
}
