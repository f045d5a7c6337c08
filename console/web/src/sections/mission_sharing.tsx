// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Mission Control is told beyond that this installation is there. Sharing takes a second step; ending it takes one.
import { useEffect, useState } from 'preact/hooks';
import { call, items, segment } from '../api/client';
import type { Sharing } from '../api/types';
import { Confirm } from '../components/confirm';
import { Body, Trouble } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { short_name } from '../components/talk';
import { When } from '../components/when';
import { useAction } from '../state/action';
import { useEvery, useLoaded } from '../state/loaded';
import { words } from '../text';
import { SharedFields } from './mission_fields';
import type { Rights } from './rights';

const kLookMs = 5_000;

export function SharingSection({ may_change }: Rights) {
  const { part, reload } = useLoaded('sharing', () => items<Sharing>('/sharing'));
  useEvery(kLookMs, reload);
  return (
    <Section id="sharing" title={words.mission.sharing.title}>
      <div class="inset">
        <p class="quiet">{words.mission.sharing.always}</p>
      </div>
      <Body part={part} what={words.mission.sharing.title} retry={reload}>
        {(all) => (
          <ul class="rows">
            {all.map((one) => (
              <SharingRow key={one.name} sharing={one} may_change={may_change} on_changed={reload} />
            ))}
          </ul>
        )}
      </Body>
    </Section>
  );
}

type SharingSetting = Sharing['setting'];
const kSharingSettings = (name: string): SharingSetting[] => (name === 'proposals' ? ['off', 'ask', 'on'] : ['off', 'on']);

function SharingRow({ sharing, may_change, on_changed }: { sharing: Sharing; on_changed: () => void } & Rights) {
  const [wanted, set_wanted] = useState<SharingSetting | undefined>(undefined);
  const action = useAction();
  const text = words.mission.sharing;
  const name = text.names[sharing.name] ?? sharing.name;
  useEffect(() => set_wanted(undefined), [sharing.setting]); // what was wanted is shown until it is so
  const change = async (setting: SharingSetting) => {
    const done = await action.run(async () => {
      await call<Sharing>('PUT', `/sharing/${segment(sharing.name)}`, { setting });
      return text.done(name, text.settings[setting]);
    });
    if (!done && setting === 'off') set_wanted(undefined);
    on_changed();
  };
  const choose = (to: SharingSetting) => {
    action.clear();
    set_wanted(to === sharing.setting ? undefined : to);
    if (to === 'off' && sharing.setting !== 'off') void change('off');
  };
  const leave = () => {
    action.clear();
    set_wanted(undefined);
  };
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={name} />
          </p>
          <p class="row-says">{text.told[sharing.name] ?? <Said text={sharing.title} />}</p>
          <p class="quiet">
            {sharing.by ? <Said text={text.by(short_name(sharing.by))} /> : text.never}
            {sharing.changed && (
              <>
                , <When time={sharing.changed} />
              </>
            )}
          </p>
        </div>
        <div class="row-set">
          <fieldset class="toggle" disabled={!may_change} onKeyDown={(event) => event.key === 'Escape' && leave()}>
            <legend class="hidden">{text.label(name)}</legend>
            {kSharingSettings(sharing.name).map((setting) => (
              <label key={setting} class={`toggle-${setting}`}>
                <input
                  type="radio"
                  name={`sharing-${sharing.name}`}
                  value={setting}
                  checked={(wanted ?? sharing.setting) === setting}
                  onChange={() => choose(setting)}
                />
                <span>{text.settings[setting]}</span>
              </label>
            ))}
          </fieldset>
        </div>
      </div>
      {sharing.fields && <SharedFields sharing={sharing} name={name} may_change={may_change} on_changed={on_changed} />}
      {wanted && wanted !== 'off' ? (
        <Confirm
          says={text.will[wanted === 'ask' ? `${sharing.name}.ask` : sharing.name] ?? ''}
          submit={text.submit(name, wanted)}
          action={action}
          on_submit={() => void change(wanted)}
          on_cancel={leave}
        />
      ) : (
        <Trouble problem={action.problem} />
      )}
    </li>
  );
}
