// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An optional end time: a few usual lengths, or a moment in the reader's own zone.
import { useId, useState } from 'preact/hooks';
import { words } from '../text';

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
  const id = useId();
  const value = choice.kind === 'hours' ? String(choice.hours) : choice.kind;
  const choose = (picked: string) => {
    if (picked === 'none') on_change({ kind: 'none' });
    else if (picked === 'custom') on_change({ kind: 'custom', local: '' });
    else on_change({ kind: 'hours', hours: Number(picked) });
  };
  return (
    <div class="fields">
      <div class="field">
        <label for={`${id}-kind`}>{words.until.label}</label>
        <select id={`${id}-kind`} value={value} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="none">{words.until.none}</option>
          {kHours.map((hours) => (
            <option key={hours} value={String(hours)}>
              {words.until.hours(hours)}
            </option>
          ))}
          <option value="custom">{words.until.custom}</option>
        </select>
      </div>
      {choice.kind === 'custom' && (
        <div class="field">
          <label for={`${id}-time`}>{words.until.custom_label}</label>
          <input
            id={`${id}-time`}
            type="datetime-local"
            required
            value={choice.local}
            aria-invalid={invalid}
            onInput={(event) => on_change({ kind: 'custom', local: event.currentTarget.value })}
          />
          {invalid && (
            <p class="field-error" role="alert">
              {words.until.missing}
            </p>
          )}
        </div>
      )}
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
