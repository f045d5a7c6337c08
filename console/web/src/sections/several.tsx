// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The same setting for several capabilities, in one step. They are sent one after the other: if one fails, those before it
// are done, and it says so.
import { useState } from 'preact/hooks';
import type { Capability, Setting } from '../api/types';
import { Confirm } from '../components/confirm';
import { useUntil } from '../components/until';
import { useAction } from '../state/action';
import { parts } from '../state/live';
import { useSeen } from '../state/seen';
import { useStore } from '../state/store';
import { words } from '../text';
import { change_capability } from './capability_row';
import { cut_by_setting } from './cut_off';

const kSettings: Setting[] = ['off', 'ask', 'on'];

export function Several({ chosen, on_clear }: { chosen: Capability[]; on_clear: () => void }) {
  const [wanted, set_wanted] = useState<Setting | undefined>(undefined);
  return (
    <div class="several" role="region" aria-label={words.permissions.selected(chosen.length)}>
      <div class="several-bar">
        <b>{words.permissions.selected(chosen.length)}</b>
        <div class="buttons">
          {kSettings.map((setting) => (
            <button key={setting} type="button" aria-pressed={wanted === setting} onClick={() => set_wanted(setting)}>
              {words.permissions.set_all[setting]}
            </button>
          ))}
          <button type="button" class="ghost" onClick={on_clear}>
            {words.permissions.clear}
          </button>
        </div>
      </div>
      {wanted && <ChangeAll key={wanted} chosen={chosen} to={wanted} on_done={on_clear} on_cancel={() => set_wanted(undefined)} />}
    </div>
  );
}

interface ChangeAllProps {
  chosen: Capability[];
  to: Setting;
  on_done: () => void;
  on_cancel: () => void;
}

function ChangeAll({ chosen, to, on_done, on_cancel }: ChangeAllProps) {
  const action = useAction();
  const until = useUntil();
  const [done, set_done] = useState(0);
  const seen = useSeen(chosen);
  const sessions = useStore(parts.sessions).value ?? [];
  const grants = useStore(parts.grants).value ?? [];
  const names = chosen.map((one) => one.name);
  const writes = chosen.filter((one) => one.class === 'write').length;
  const submit = async () => {
    const end = to === 'off' ? null : until.resolve();
    if (end === undefined) return;
    const went_well = await action.run(async () => {
      let changed = 0;
      for (const one of chosen) {
        set_done(changed);
        await change_capability(seen.get().find(({ name }) => name === one.name) ?? one, to, end);
        changed++;
      }
      return words.permissions.all_done(changed, words.capabilities.settings[to]);
    });
    if (went_well) on_done();
    else seen.again();
  };
  const cut = words.permissions.cuts_off(cut_by_setting(names, to, sessions, grants));
  return (
    <Confirm
      says={`${words.permissions.will_set_all(chosen.length, to, writes)}${to === 'on' ? '' : ` ${cut}`}`}
      submit={words.permissions.set_all[to]}
      action={action}
      danger={to === 'off'}
      on_submit={() => void submit()}
      on_cancel={on_cancel}
    >
      {to !== 'off' && until.field}
      {action.problem && <p class="hint">{words.permissions.some_failed(done, chosen.length)}</p>}
    </Confirm>
  );
}
