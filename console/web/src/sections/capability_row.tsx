// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One capability with its toggle. Closing takes one step; opening something, or cutting what may be running, takes a second
// one, so that no stray click or arrow key opens anything.
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { Capability, CapabilityUse, Cut, Setting } from '../api/types';
import { Confirm } from '../components/confirm';
import { Trouble } from '../components/notice';
import { plain, Said } from '../components/said';
import { useUntil } from '../components/until';
import { Left, When } from '../components/when';
import { Link } from '../router';
import { useAction, type Action } from '../state/action';
import { parts } from '../state/live';
import { useSeen } from '../state/seen';
import { useStore } from '../state/store';
import { words } from '../text';
import { cut_by_setting } from './cut_off';
import type { Rights } from './rights';

const kSettings: Setting[] = ['off', 'ask', 'on'];

// Two admins do not overwrite each other unseen; what closes needs no second look.
export async function change_capability(capability: Capability, to: Setting, until: string | null): Promise<string> {
  const path = `/capabilities/${segment(capability.name)}`;
  const body = { setting: to, ...(until ? { until } : {}) };
  const answer = await call<Capability & { cut?: Cut }>('PUT', path, body, to === 'off' ? undefined : capability.version);
  const known = parts.capabilities.get().value ?? [];
  parts.capabilities.set({
    value: known.map((one) => (one.name === capability.name ? { ...one, until: null, ...answer } : one)),
  });
  return `${capability.title}: ${words.capabilities.settings[to]}. ${words.cut(answer.cut)}`;
}

interface RowProps extends Rights {
  capability: Capability;
  use: CapabilityUse | undefined;
  known_since: string | undefined; // of older uses nothing is known
  chosen: boolean;
  on_choose: (chosen: boolean) => void;
}

export function CapabilityRow({ capability, use, known_since, chosen, on_choose, may_change }: RowProps) {
  const [wanted, set_wanted] = useState<Setting | undefined>(undefined);
  const action = useAction();
  const using = (useStore(parts.sessions).value ?? []).filter((one) =>
    one.capabilities?.includes(capability.name),
  ).length;
  const choose = (to: Setting) => {
    action.clear();
    if (to === capability.setting) return set_wanted(undefined);
    if (to !== 'off' || using > 0) return set_wanted(to);
    void action.run(() => change_capability(capability, to, null));
  };
  return (
    <li class="row">
      <div class="row-main">
        {may_change && (
          <input
            type="checkbox"
            class="choose"
            aria-label={plain(words.permissions.select(capability.title || capability.name))}
            checked={chosen}
            onChange={(event) => on_choose(event.currentTarget.checked)}
          />
        )}
        <div class="row-what">
          <p class="row-title">
            <Said text={capability.title || capability.name} />
            <span class={`badge badge-${capability.class}`}>{words.capabilities.classes[capability.class]}</span>
          </p>
          {capability.description && (
            <p class="row-says">
              <Said text={capability.description} />
            </p>
          )}
          <LastUse use={use} known_since={known_since} />
          <Operations capability={capability} />
        </div>
        <div class="row-set">
          <Toggle
            capability={capability}
            shown={wanted ?? capability.setting}
            disabled={!may_change}
            on_choose={choose}
            on_cancel={() => set_wanted(undefined)}
          />
          {capability.until && capability.setting !== 'off' && (
            <span class="quiet">
              <Left until={capability.until} /> {words.left}
            </span>
          )}
        </div>
      </div>
      {wanted === undefined ? (
        <Trouble problem={action.problem} />
      ) : (
        <Change
          key={wanted}
          capability={capability}
          to={wanted}
          using={using}
          action={action}
          on_done={() => set_wanted(undefined)}
        />
      )}
    </li>
  );
}

function LastUse({ use, known_since }: { use: CapabilityUse | undefined; known_since: string | undefined }) {
  if (!use)
    return (
      <p class="quiet">
        {known_since ? (
          <>
            {words.permissions.not_used_since} <When time={known_since} />
          </>
        ) : (
          words.permissions.never_used
        )}
      </p>
    );
  return (
    <p class="quiet">
      {words.permissions.used}{' '}
      <Link href={`/sessions/${segment(use.session)}`}>
        <When time={use.time} />
      </Link>{' '}
      <Said text={words.permissions.used_by(use.engineer)} />
    </p>
  );
}

function Operations({ capability }: { capability: Capability }) {
  return (
    <details class="operations">
      <summary>
        <code>{capability.name}</code> · {words.capabilities.operations(capability.operations.length)}
      </summary>
      <ul>
        {capability.operations.map((one) => (
          <li key={one}>
            <code>
              <Said text={one} />
            </code>
          </li>
        ))}
      </ul>
    </details>
  );
}

interface ToggleProps {
  capability: Capability;
  shown: Setting;
  disabled: boolean;
  on_choose: (to: Setting) => void;
  on_cancel: () => void;
}

function Toggle({ capability, shown, disabled, on_choose, on_cancel }: ToggleProps) {
  return (
    <fieldset
      class="toggle"
      disabled={disabled}
      onKeyDown={(event) => {
        if (event.key === 'Escape') on_cancel();
      }}
    >
      <legend class="hidden">{words.capabilities.setting_label(capability.title || capability.name)}</legend>
      {kSettings.map((setting) => (
        <label key={setting} class={`toggle-${setting}`}>
          <input
            type="radio"
            name={`capability-${capability.name}`}
            value={setting}
            checked={shown === setting}
            onChange={() => on_choose(setting)}
          />
          <span>{words.capabilities.settings[setting]}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface ChangeProps {
  capability: Capability;
  to: Setting;
  using: number;
  action: Action;
  on_done: () => void;
}

function Change({ capability, to, using, action, on_done }: ChangeProps) {
  const until = useUntil();
  const seen = useSeen(capability);
  const sessions = useStore(parts.sessions).value ?? [];
  const grants = useStore(parts.grants).value ?? [];
  const cut = to === 'on' ? '' : ` ${words.permissions.cuts_off(cut_by_setting([capability.name], to, sessions, grants))}`;
  const submit = async () => {
    const end = to === 'off' ? null : until.resolve();
    if (end === undefined) return;
    if (await action.run(() => change_capability(seen.get(), to, end))) on_done();
    else seen.again();
  };
  return (
    <Confirm
      says={`${words.capabilities.will(to, capability.class === 'write', using)}${cut}`}
      submit={words.capabilities.submit[to]}
      action={action}
      danger={to === 'off'}
      on_submit={() => void submit()}
      on_cancel={() => {
        action.clear();
        on_done();
      }}
    >
      {to !== 'off' && until.field}
    </Confirm>
  );
}
