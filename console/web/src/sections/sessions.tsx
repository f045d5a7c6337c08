// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who is connected now, and the button that ends it.
import { Fragment, type ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { Cut, Session } from '../api/types';
import { Confirm } from '../components/confirm';
import { Body, Empty } from '../components/notice';
import { plain, Said } from '../components/said';
import { Section } from '../components/section';
import { Left, When } from '../components/when';
import { Link } from '../router';
import { useAction } from '../state/action';
import { parts, refresh } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import type { Rights } from './rights';

const kColumns = 8;

interface SessionsProps extends Rights {
  title?: string;
  aside?: ComponentChildren;
}

export function SessionsSection({ may_change, title = words.sessions.title, aside }: SessionsProps) {
  const part = useStore(parts.sessions);
  return (
    <Section id="sessions" title={title} count={part.value?.length} aside={aside}>
      <Body part={part} what={words.sessions.title} retry={refresh}>
        {(sessions) =>
          sessions.length === 0 ? (
            <Empty>{words.sessions.empty}</Empty>
          ) : (
            <table class="sessions">
              <thead>
                <tr>
                  <th scope="col">{words.sessions.engineer}</th>
                  <th scope="col">{words.sessions.client}</th>
                  <th scope="col">{words.sessions.since}</th>
                  <th scope="col">{words.sessions.expires}</th>
                  <th scope="col">{words.sessions.idle}</th>
                  <th scope="col" class="number">
                    {words.sessions.exchanges}
                  </th>
                  <th scope="col" class="number">
                    {words.sessions.refused}
                  </th>
                  <th scope="col">
                    <span class="hidden">{words.sessions.action}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {sessions.map((one) => (
                  <Row key={one.id} session={one} may_change={may_change} />
                ))}
              </tbody>
            </table>
          )
        }
      </Body>
    </Section>
  );
}

function Row({ session, may_change }: { session: Session } & Rights) {
  const [asking, set_asking] = useState(false);
  const action = useAction();
  const end = () =>
    action.run(async () => {
      const answer = await call<{ cut?: Cut }>('POST', `/sessions/${segment(session.id)}/end`);
      parts.sessions.set({ value: (parts.sessions.get().value ?? []).filter((one) => one.id !== session.id) });
      return `${words.sessions.ended(session.engineer)} ${words.cut(answer?.cut)}`;
    });
  const method = session.method ? (words.sessions.methods[session.method] ?? session.method) : '';
  return (
    <Fragment>
      <tr class={asking ? 'asking' : undefined}>
        <th scope="row">
          <Link href={`/sessions/${segment(session.id)}`}>
            <Said text={session.engineer} />
          </Link>
          {method && (
            <small>
              <Said text={method} />
            </small>
          )}
        </th>
        <td data-label={words.sessions.client}>
          <Said text={session.client ?? ''} />
          {session.user_agent && (
            <small class="clip">
              <Said text={session.user_agent} title={session.user_agent} />
            </small>
          )}
        </td>
        <td data-label={words.sessions.since}>
          <When time={session.opened} />
        </td>
        <td data-label={words.sessions.expires}>
          <Left until={session.expires} />
        </td>
        <td data-label={words.sessions.idle}>{session.idle_until ? <Left until={session.idle_until} /> : '–'}</td>
        <td data-label={words.sessions.exchanges} class="number">
          {session.exchanges.toLocaleString()}
        </td>
        <td data-label={words.sessions.refused} class={`number${session.refused > 0 ? ' warn' : ''}`}>
          {session.refused.toLocaleString()}
        </td>
        <td class="act">
          {may_change && (
            <button
              type="button"
              disabled={asking}
              aria-label={plain(words.sessions.end_label(session.engineer))}
              onClick={() => set_asking(true)}
            >
              {words.sessions.end}
            </button>
          )}
        </td>
      </tr>
      {asking && (
        <tr class="asked">
          <td colSpan={kColumns}>
            <Confirm
              says={words.sessions.will(session.engineer)}
              submit={words.sessions.submit}
              action={action}
              danger
              on_submit={() => void end()}
              on_cancel={() => set_asking(false)}
            />
          </td>
        </tr>
      )}
    </Fragment>
  );
}
