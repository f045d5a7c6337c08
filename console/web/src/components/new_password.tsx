// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Choosing a password: twice, with a look at it for whoever wants one, and how hard it is to guess.
import { useState } from 'preact/hooks';
import { strength_of } from '../strength';
import { words } from '../text';
import { Field } from './field';

interface NewPasswordProps {
  name: string; // of the account: a bad password to have
  labels: { fresh: string; again: string };
  hint?: string;
  fresh: string;
  again: string;
  on_fresh: (value: string) => void;
  on_again: (value: string) => void;
}

const w = words.account.strength;

export function NewPassword({ name, labels, hint, fresh, again, on_fresh, on_again }: NewPasswordProps) {
  const [shown, set_shown] = useState(false);
  const { level, weakness } = strength_of(fresh, name);
  const field = { kind: shown ? ('text' as const) : ('password' as const), autocomplete: 'new-password' };
  return (
    <div class="new-password">
      <div class="fields">
        <Field {...field} label={labels.fresh} {...(hint ? { hint } : {})} value={fresh} on_value={on_fresh} />
        <Field {...field} label={labels.again} value={again} on_value={on_again} />
      </div>
      <div class="strength">
        <meter class={`strength-${level}`} aria-label={w.title} min={0} max={4} value={level} />
        <span role="status" class="quiet">
          {w.levels[level]} {weakness && w.weaknesses[weakness]}
        </span>
        <button type="button" class="link" aria-pressed={shown} onClick={() => set_shown(!shown)}>
          {shown ? w.hide : w.show}
        </button>
      </div>
    </div>
  );
}
