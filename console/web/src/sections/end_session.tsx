// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { Cut, Session } from '../api/types';
import { Confirm } from '../components/confirm';
import { useAction } from '../state/action';
import { words } from '../text';

export function EndSession({ session, on_done }: { session: Session; on_done: () => void }) {
  const [asking, set_asking] = useState(false);
  const action = useAction();
  const end = async () => {
    const done = await action.run(async () => {
      const answer = await call<{ cut?: Cut }>('POST', `/sessions/${segment(session.id)}/end`);
      return `${words.sessions.ended(session.engineer)} ${words.cut(answer?.cut)}`;
    });
    if (done) on_done();
  };
  if (!asking)
    return (
      <button type="button" onClick={() => set_asking(true)}>
        {words.sessions.submit}
      </button>
    );
  return (
    <Confirm
      says={words.sessions.will(session.engineer)}
      submit={words.sessions.submit}
      action={action}
      danger
      on_submit={() => void end()}
      on_cancel={() => set_asking(false)}
    />
  );
}
