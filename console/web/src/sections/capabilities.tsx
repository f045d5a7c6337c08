// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The toggles, in the policy's order and groups. Closing takes one step; opening something, or cutting what may be running,
// takes a second one, so that no stray click or arrow key opens anything.
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { Capability, Cut, Setting } from '../api/types';
import { Confirm } from '../components/confirm';
import { Body, Empty, Trouble } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { useUntil } from '../components/until';
import { Left } from '../components/when';
import { useAction, type Action } from '../state/action';
import { parts, refresh } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import type { Rights } from './rights';

const kSettings: Setting[] = ['off', 'ask', 'on'];
const kFilterFrom = 9; // with fewer than this a search field is only noise

export function CapabilitiesSection({ may_change }: Rights) {
  const part = useStore(parts.capabilities);
  const [filter, set_filter] = useState('');
  const search = (part.value?.length ?? 0) >= kFilterFrom && (
    <input
      type="search"
      class="search"
      aria-label={words.capabilities.filter}
      placeholder={words.capabilities.filter}
      value={filter}
      onInput={(event) => set_filter(event.currentTarget.value)}
    />
  );
  return (
    <Section id="capabilities" title={words.capabilities.title} aside={search}>
      <Body part={part} what={words.capabilities.title} retry={refresh}>
        {(all) => <Groups all={all} filter={filter.trim().toLowerCase()} may_change={may_change} />}
      </Body>
    </Section>
  );
}

const matches = (one: Capability, filter: string): boolean =>
  [one.name, one.title, one.description ?? '', ...one.operations].some((text) => text.toLowerCase().includes(filter));

function group_of(all: Capability[]): Map<string, Capability[]> {
  const groups = new Map<string, Capability[]>();
  for (const one of all) {
    const name = one.group || '';
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return groups;
}

function Groups({ all, filter, may_change }: { all: Capability[]; filter: string } & Rights) {
  if (all.length === 0) return <Empty>{words.capabilities.empty}</Empty>;
  const found = all.filter((one) => matches(one, filter));
  if (found.length === 0) return <Empty>{words.capabilities.nothing_found}</Empty>;
  const groups = [...group_of(found)];
  return (
    <>
      {groups.map(([name, members]) => (
        <div class="group" key={name}>
          {(groups.length > 1 || name) && (
            <h3 class="group-head">
              <Said text={name || words.capabilities.other_group} />
              <span class="quiet">{summary(members)}</span>
            </h3>
          )}
          <ul class="rows">
            {members.map((one) => (
              <Row key={one.name} capability={one} may_change={may_change} />
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}

function summary(members: Capability[]): string {
  const count = (setting: Setting) => members.filter((one) => one.setting === setting).length;
  return words.capabilities.summary(count('on'), count('ask'), count('off'));
}

async function change(capability: Capability, to: Setting, until: string | null): Promise<string> {
  const path = `/capabilities/${segment(capability.name)}`;
  const answer = await call<Capability & { cut?: Cut }>('PUT', path, { setting: to, ...(until ? { until } : {}) });
  const known = parts.capabilities.get().value ?? [];
  parts.capabilities.set({
    value: known.map((one) => (one.name === capability.name ? { ...one, until: null, ...answer } : one)),
  });
  return `${capability.title}: ${words.capabilities.settings[to]}. ${words.cut(answer.cut)}`;
}

function Row({ capability, may_change }: { capability: Capability } & Rights) {
  const [wanted, set_wanted] = useState<Setting | undefined>(undefined);
  const action = useAction();
  const using = (useStore(parts.sessions).value ?? []).filter((one) =>
    one.capabilities?.includes(capability.name),
  ).length;
  const choose = (to: Setting) => {
    action.clear();
    if (to === capability.setting) return set_wanted(undefined);
    if (to !== 'off' || using > 0) return set_wanted(to);
    void action.run(() => change(capability, to, null));
  };
  return (
    <li class="row">
      <div class="row-main">
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
  const submit = async () => {
    const end = to === 'off' ? null : until.resolve();
    if (end === undefined) return;
    if (await action.run(() => change(capability, to, end))) on_done();
  };
  return (
    <Confirm
      says={words.capabilities.will(to, capability.class === 'write', using)}
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
