// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The master switch. Choosing a mode changes nothing yet: it says what would happen, and a second step does it.
import { useState } from 'preact/hooks';
import { call } from '../api/client';
import type { AccessMode, Cut, RemoteAccess } from '../api/types';
import { Confirm } from '../components/confirm';
import { Body } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { short_name } from '../components/talk';
import { useUntil } from '../components/until';
import { Left, When } from '../components/when';
import { useAction } from '../state/action';
import { parts, refresh } from '../state/live';
import { useSeen } from '../state/seen';
import { useStore } from '../state/store';
import { words } from '../text';
import { cut_by_mode } from './cut_off';
import type { Rights } from './rights';

const kModes: AccessMode[] = ['off', 'approved', 'read-only', 'all'];

export function RemoteAccessSection({ may_change }: Rights) {
  const part = useStore(parts.access);
  return (
    <Section id="remote-access" title={words.access.title}>
      <Body part={part} what={words.access.title} retry={refresh}>
        {(access) => <Switch access={access} may_change={may_change} />}
      </Body>
    </Section>
  );
}

function Switch({ access, may_change }: { access: RemoteAccess } & Rights) {
  const [wanted, set_wanted] = useState<AccessMode | undefined>(undefined);
  const shown = wanted ?? access.mode;
  return (
    <>
      <fieldset
        class="modes"
        data-mode={access.mode}
        disabled={!may_change}
        onKeyDown={(event) => {
          if (event.key === 'Escape') set_wanted(undefined);
        }}
      >
        <legend class="hidden">{words.access.label}</legend>
        {kModes.map((mode) => (
          <label key={mode} class={`mode mode-${mode}${mode === access.mode ? ' mode-now' : ''}`}>
            <input
              type="radio"
              name="remote-access"
              value={mode}
              checked={shown === mode}
              onChange={() => set_wanted(mode === access.mode ? undefined : mode)}
            />
            <span class="mode-name">{words.access.names[mode]}</span>
            <span class="mode-says">{words.access.says[mode]}</span>
          </label>
        ))}
      </fieldset>
      {wanted === undefined ? (
        <Standing access={access} may_change={may_change} on_edit={() => set_wanted(access.mode)} />
      ) : (
        <Change key={wanted} from={access} to={wanted} on_done={() => set_wanted(undefined)} />
      )}
    </>
  );
}

function Standing({ access, may_change, on_edit }: { access: RemoteAccess; on_edit: () => void } & Rights) {
  return (
    <p class="standing">
      {access.mode !== 'off' &&
        (access.until ? (
          <span>
            {words.access.until} <When time={access.until} /> (<Left until={access.until} /> {words.left})
          </span>
        ) : (
          <span>{words.access.no_until}</span>
        ))}
      {access.mode !== 'off' && may_change && (
        <button type="button" class="link" onClick={on_edit}>
          {words.access.edit_until}
        </button>
      )}
      {access.by && (
        <span class="quiet">
          <Said text={words.access.by(short_name(access.by))} />
          {access.changed && (
            <>
              , <When time={access.changed} />
            </>
          )}
        </span>
      )}
    </p>
  );
}

function Change({ from, to, on_done }: { from: RemoteAccess; to: AccessMode; on_done: () => void }) {
  const action = useAction();
  const until = useUntil();
  const seen = useSeen(from);
  const sessions = useStore(parts.sessions).value ?? [];
  const capabilities = useStore(parts.capabilities).value ?? [];
  const grants = useStore(parts.grants).value ?? [];
  const lost = sessions.length > 0 ? ` ${words.permissions.cuts_off(cut_by_mode(to, { sessions, capabilities, grants }))}` : '';
  const submit = async () => {
    const end = to === 'off' ? null : until.resolve();
    if (end === undefined) return;
    const done = await action.run(async () => {
      const body = { mode: to, ...(end ? { until: end } : {}) };
      // Two admins do not overwrite each other unseen; who switches off is never held up.
      const version = to === 'off' ? undefined : seen.get().version;
      const answer = await call<RemoteAccess & { cut?: Cut }>('PUT', '/remote-access', body, version);
      parts.access.set({ value: answer });
      return `${words.access.title}: ${words.access.names[to]}. ${words.cut(answer.cut)}`;
    });
    if (done) on_done();
    else seen.again();
  };
  return (
    <Confirm
      says={`${words.access.will(to, sessions.length)}${lost}`}
      action={action}
      danger={to === 'off' || to === 'all'}
      submit={from.mode === to ? words.access.keep : words.access.submit[to]}
      on_submit={() => void submit()}
      on_cancel={on_done}
    >
      {to !== 'off' && until.field}
    </Confirm>
  );
}
