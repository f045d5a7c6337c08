// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A change that somebody asked for: busy while it runs, its problem kept beside the control that caused it, its result said
// to screen readers.
import { useState } from 'preact/hooks';
import { Problem } from '../api/client';
import { words } from '../text';
import { make_store } from './store';

let refresh: () => void = () => {};

// What follows every change that was made.
export function when_changed(act: () => void): void {
  refresh = act;
}

// What the page's polite live region says.
export const said = make_store('');

export interface Action {
  busy: boolean;
  problem: Problem | undefined;
  run(change: () => Promise<string | void>): Promise<boolean>; // change answers what to say; true: it went well
  clear(): void;
}

export function useAction(): Action {
  const [busy, set_busy] = useState(false);
  const [problem, set_problem] = useState<Problem | undefined>(undefined);
  return {
    busy,
    problem,
    clear: () => set_problem(undefined),
    run: async (change) => {
      if (busy) return false;
      set_busy(true);
      set_problem(undefined);
      try {
        const result = await change();
        if (result) said.set(result);
        refresh();
        return true;
      } catch (error) {
        set_problem(error instanceof Problem ? error : new Problem(0, words.problem.unreadable, '', '', ''));
        return false;
      } finally {
        set_busy(false);
      }
    },
  };
}
