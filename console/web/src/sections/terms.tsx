// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Fields for what is given: a role or single capabilities, for how long, from when.
import { useId, useState } from 'preact/hooks';
import { kCustom, MomentField } from '../components/moment_field';
import { Said } from '../components/said';
import { parts } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import { say_duration, say_time } from '../time';

const kRoles = ['viewer', 'user', 'admin'];
const kDurations = ['30m', '1h', '4h', '8h', '1d', '4d'];
const kLatestStartMs = 90 * 24 * 3_600_000;

export interface What {
  role: string; // empty: single capabilities
  chosen: string[];
  capabilities: string[]; // as far as the page knows: what a role holds is the policy's
  nothing: boolean;
  set_role: (role: string) => void;
  flip: (name: string) => void;
  body: () => { role: string } | { capabilities: string[] };
}

export function useWhat(role_first: string, chosen_first: string[]): What {
  const [role, set_role] = useState(role_first);
  const [chosen, set_chosen] = useState(chosen_first);
  return {
    role,
    chosen,
    capabilities: role === role_first || role === '' ? (role === '' ? chosen : chosen_first) : [],
    nothing: role === '' && chosen.length === 0,
    set_role,
    flip: (name) => set_chosen(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]),
    body: () => (role ? { role } : { capabilities: chosen }),
  };
}

export function WhatFields({ what, asked }: { what: What; asked: string[] }) {
  const id = useId();
  const known = useStore(parts.capabilities).value ?? [];
  const others = known.map((one) => one.name).filter((name) => !asked.includes(name));
  const roles = what.role === '' || kRoles.includes(what.role) ? kRoles : [what.role, ...kRoles];
  return (
    <>
      <div class="field">
        <label for={id}>{words.approvals.what}</label>
        <select id={id} value={what.role} onChange={(event) => what.set_role(event.currentTarget.value)}>
          <option value="">{words.approvals.single}</option>
          {roles.map((one) => (
            <option key={one} value={one}>
              {words.approvals.role(one)}
            </option>
          ))}
        </select>
      </div>
      {what.role === '' && asked.length > 0 && <Choice names={asked} what={what} legend={words.requests.capabilities} />}
      {what.role === '' && others.length > 0 && asked.length > 0 && (
        <details>
          <summary>{words.approvals.more}</summary>
          <Choice names={others} what={what} legend={words.approvals.more} />
        </details>
      )}
      {what.role === '' && asked.length === 0 && <Choice names={others} what={what} legend={words.requests.capabilities} />}
    </>
  );
}

function Choice({ names, what, legend }: { names: string[]; what: What; legend: string }) {
  const known = useStore(parts.capabilities).value ?? [];
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {names.map((name) => {
        const one = known.find((capability) => capability.name === name);
        return (
          <label key={name}>
            <input type="checkbox" checked={what.chosen.includes(name)} onChange={() => what.flip(name)} /> <Said text={one?.title || name} />
            {(one?.approvals ?? 1) > 1 && <span class="quiet"> {words.approvals.needs(one?.approvals ?? 1)}</span>}
          </label>
        );
      })}
    </fieldset>
  );
}

interface DurationProps {
  value: string;
  asked?: string | undefined;
  on_change: (value: string) => void;
}

export function DurationField({ value, asked, on_change }: DurationProps) {
  const id = useId();
  const choices = [...new Set([...(asked ? [asked] : []), ...kDurations])];
  return (
    <div class="field">
      <label for={id}>{words.requests.duration}</label>
      <select id={id} value={value} onChange={(event) => on_change(event.currentTarget.value)}>
        {choices.map((one) => (
          <option key={one} value={one}>
            {one === asked ? words.requests.as_asked(say_duration(one)) : say_duration(one)}
          </option>
        ))}
      </select>
    </div>
  );
}

export type StartChoice = { kind: 'asked' } | { kind: 'now' } | { kind: 'custom'; local: string };

// What to send: nothing where it stays as asked; undefined where it is no time that can be.
export function start_of(choice: StartChoice): string | null | undefined {
  if (choice.kind === 'asked') return null;
  if (choice.kind === 'now') return 'now';
  const date = new Date(choice.local);
  const ahead = date.getTime() - Date.now();
  return ahead > 0 && ahead < kLatestStartMs ? date.toISOString() : undefined;
}

interface StartProps {
  choice: StartChoice;
  asked?: string | undefined;
  invalid: boolean;
  on_change: (choice: StartChoice) => void;
}

export function StartField({ choice, asked, invalid, on_change }: StartProps) {
  const now: [string, string] = ['now', words.approvals.start_now];
  const usual: [string, string][] = asked
    ? [['asked', words.approvals.start_asked(say_time(asked, Date.now()))], now]
    : [['asked', words.approvals.start_now]];
  const pick = (kind: string) =>
    on_change(kind === kCustom ? { kind: 'custom', local: '' } : kind === 'now' ? { kind: 'now' } : { kind: 'asked' });
  return (
    <MomentField
      label={words.approvals.start}
      usual={usual}
      picked={choice.kind}
      custom={{ name: words.approvals.start_custom, label: words.approvals.start_time, missing: words.approvals.start_missing }}
      local={choice.kind === 'custom' ? choice.local : ''}
      invalid={invalid}
      on_pick={pick}
      on_local={(local) => on_change({ kind: 'custom', local })}
    />
  );
}
