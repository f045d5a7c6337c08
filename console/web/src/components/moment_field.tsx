// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A moment: one of a few that are usual, or another one in the reader's own zone.
import { useId } from 'preact/hooks';

interface MomentFieldProps {
  label: string;
  usual: [value: string, name: string][];
  picked: string; // the value of a usual one, or kCustom
  custom: { name: string; label: string; missing: string };
  local: string; // of the field for another one, as datetime-local has it
  invalid: boolean;
  on_pick: (value: string) => void;
  on_local: (local: string) => void;
}

export const kCustom = 'custom';

export function MomentField({ label, usual, picked, custom, local, invalid, on_pick, on_local }: MomentFieldProps) {
  const id = useId();
  return (
    <>
      <div class="field">
        <label for={`${id}-kind`}>{label}</label>
        <select id={`${id}-kind`} value={picked} onChange={(event) => on_pick(event.currentTarget.value)}>
          {usual.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
          <option value={kCustom}>{custom.name}</option>
        </select>
      </div>
      {picked === kCustom && (
        <div class="field">
          <label for={`${id}-time`}>{custom.label}</label>
          <input
            id={`${id}-time`}
            type="datetime-local"
            required
            value={local}
            aria-invalid={invalid}
            onInput={(event) => on_local(event.currentTarget.value)}
          />
          {invalid && (
            <p class="field-error" role="alert">
              {custom.missing}
            </p>
          )}
        </div>
      )}
    </>
  );
}
