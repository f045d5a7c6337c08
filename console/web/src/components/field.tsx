// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A label and its input, as most forms have them.
import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  value: string;
  on_value: (value: string) => void;
  kind?: 'text' | 'password' | 'code';
  name?: string;
  autocomplete?: string;
  placeholder?: string;
  hint?: string;
  required?: boolean;
}

export function Field({ label, value, on_value, kind = 'text', name, autocomplete = 'off', placeholder, hint, required = true }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type={kind === 'password' ? 'password' : 'text'}
        inputMode={kind === 'code' ? 'text' : undefined}
        autocapitalize="none"
        spellcheck={false}
        autocomplete={kind === 'code' ? 'one-time-code' : autocomplete}
        required={required}
        value={value}
        aria-describedby={hint ? `${id}-hint` : undefined}
        {...(name ? { name } : {})}
        {...(placeholder ? { placeholder } : {})}
        onInput={(event) => on_value(event.currentTarget.value)}
      />
      {hint && (
        <small id={`${id}-hint`} class="quiet">
          {hint}
        </small>
      )}
    </div>
  );
}
