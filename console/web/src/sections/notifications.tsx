// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who is told when something happens: the targets of the configuration, whether it arrives, and what this browser does.
import { useState } from 'preact/hooks';
import { call, items, segment } from '../api/client';
import type { NotificationTarget } from '../api/types';
import { Body, Empty, Trouble } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { Ago } from '../components/when';
import { useAction } from '../state/action';
import { alerts, choose_alerts, play_tone } from '../state/alerts';
import { useEvery, useLoaded } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';
import type { Rights } from './rights';

const kLookMs = 5_000;
const kAfterTestMs = 1_500;

export function NotificationsSection({ may_change }: Rights) {
  const { part, reload } = useLoaded('/notifications', () => items<NotificationTarget>('/notifications'));
  useEvery(kLookMs, reload);
  return (
    <Section id="notifications" title={words.alerts.section}>
      <Body part={part} what={words.alerts.section} retry={reload}>
        {(all) =>
          all.length === 0 ? (
            <Empty>{words.alerts.empty}</Empty>
          ) : (
            <ul class="rows">
              {all.map((one) => (
                <Target key={one.name} target={one} may_change={may_change} on_test={reload} />
              ))}
            </ul>
          )
        }
      </Body>
      <ThisBrowser />
    </Section>
  );
}

function Target({ target, may_change, on_test }: { target: NotificationTarget; on_test: () => void } & Rights) {
  const action = useAction();
  const [sent, set_sent] = useState(false);
  const test = async () => {
    const done = await action.run(async () => {
      await call('POST', `/notifications/${segment(target.name)}/test`);
      return words.alerts.sent(target.name);
    });
    set_sent(done);
    if (done) window.setTimeout(on_test, kAfterTestMs);
  };
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={target.name} />
            <span class="quiet">
              {words.alerts.kinds[target.kind]} · <Said text={target.where} />
            </span>
          </p>
          <p class="row-says">
            {words.alerts.told_of(target.events, target.severity)}
          </p>
          <p class="quiet">
            {target.delivered ? (
              <>
                {words.alerts.delivered} <Ago time={target.delivered} />
              </>
            ) : (
              words.alerts.never
            )}
            {target.waiting > 0 && ` · ${words.alerts.waiting(target.waiting)}`}
            {target.failed && target.state === 'failing' && (
              <>
                {' · '}
                {words.alerts.failed} <Ago time={target.failed} />
              </>
            )}
          </p>
          {target.problem && target.state === 'failing' && (
            <p class="trouble">
              <Said text={target.problem} />
            </p>
          )}
        </div>
        <div class="row-set">
          <span class={`badge ${target.state === 'delivering' ? 'badge-on' : ''}`}>{words.alerts.states[target.state]}</span>
          {may_change && (
            <button type="button" aria-busy={action.busy} onClick={() => void test()}>
              {words.alerts.test}
            </button>
          )}
        </div>
      </div>
      {sent && <p class="quiet">{words.alerts.sent(target.name)}</p>}
      <Trouble problem={action.problem} />
    </li>
  );
}

function ThisBrowser() {
  const chosen = useStore(alerts);
  return (
    <fieldset class="choice inset">
      <legend>{words.alerts.browser}</legend>
      <label>
        <input
          type="checkbox"
          checked={chosen.sound}
          onChange={(event) => {
            choose_alerts({ ...chosen, sound: event.currentTarget.checked });
            if (event.currentTarget.checked) play_tone();
          }}
        />{' '}
        {words.alerts.sound}
      </label>
      <label>
        <input type="checkbox" checked={chosen.title} onChange={(event) => choose_alerts({ ...chosen, title: event.currentTarget.checked })} />{' '}
        {words.alerts.title}
      </label>
    </fieldset>
  );
}
