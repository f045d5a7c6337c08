// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An optional end time: a few usual lengths, or a moment in the reader's own zone.
import { useState } from 'preact/hooks';
import { words } from '../text';
import { kCustom, MomentField } from './moment_field';

const kHours = [1, 4, 8, 24];
const kHourMs = 3_600_000;

export type UntilChoice = { kind: 'none' } | { kind: 'hours'; hours: number } | { kind: 'custom'; local: string };

// The RFC 3339 time to send, null for no end, undefined when the choice is not a time in the future.
export function resolve_until(choice: UntilChoice): string | null | undefined {
  if (choice.kind === 'none') return null;
  if (choice.kind === 'hours') return new Date(Date.now() + choice.hours * kHourMs).toISOString();
  const date = new Date(choice.local);
  return date.getTime() > Date.now() ? date.toISOString() : undefined;
}

interface UntilProps {
  choice: UntilChoice;
  on_change: (choice: UntilChoice) => void;
  invalid: boolean;
}

export function UntilField({ choice, on_change, invalid }: UntilProps) {
  const usual = kHours.map((hours): [string, string] => [String(hours), words.until.hours(hours)]);
  const pick = (picked: string) => {
    if (picked === 'none') on_change({ kind: 'none' });
    else if (picked === kCustom) on_change({ kind: 'custom', local: '' });
    else on_change({ kind: 'hours', hours: Number(picked) });
  };
  return (
    <div class="fields">
      <MomentField
        label={words.until.label}
        usual={[['none', words.until.none], ...usual]}
        picked={choice.kind === 'hours' ? String(choice.hours) : choice.kind}
        custom={{ name: words.until.custom, label: words.until.custom_label, missing: words.until.missing }}
        local={choice.kind === 'custom' ? choice.local : ''}
        invalid={invalid}
        on_pick={pick}
        on_local={(local) => on_change({ kind: 'custom', local })}
      />
    </div>
  );
}

export function useUntil(first: UntilChoice = { kind: 'none' }) {
  const [choice, set_choice] = useState<UntilChoice>(first);
  const [invalid, set_invalid] = useState(false);
  return {
    field: (
      <UntilField
        choice={choice}
        invalid={invalid}
        on_change={(next) => {
          set_invalid(false);
          set_choice(next);
        }}
      />
    ),
    // As resolve_until; marks the field when it is no time in the future.
    resolve: (): string | null | undefined => {
      const until = resolve_until(choice);
      set_invalid(until === undefined);
      return until;
    },
  };
}
