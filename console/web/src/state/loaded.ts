// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What one page asks for while it is shown. An answer to a question that is not the page's any more is dropped; while a new
// one is under way the old answer stays, and says so.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from '../api/client';
import { words } from '../text';
import type { Part } from './accounts';

export const problem_of = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(0, words.problem.unreadable, '', '', '');

export interface Loaded<T> {
  part: Part<T>;
  busy: boolean;
  reload: () => void;
}

// key: names the question; another key is another question, whose first answer is waited for anew.
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, set_state] = useState<{ key: string; part: Part<T> }>({ key, part: {} });
  const [busy, set_busy] = useState(true);
  const asked = useRef(0);
  const reload = useCallback(() => {
    const ticket = ++asked.current;
    set_busy(true);
    const settle = (part: (old: Part<T>) => Part<T>) => {
      if (ticket !== asked.current) return;
      set_busy(false);
      set_state((old) => ({ key, part: part(old.key === key ? old.part : {}) }));
    };
    load().then(
      (value) => settle(() => ({ value })),
      (error: unknown) => settle((old) => ({ ...old, problem: problem_of(error) })),
    );
  }, [key]);
  useEffect(() => {
    reload();
    return () => {
      asked.current++;
    };
  }, [reload]);
  return { part: state.key === key ? state.part : {}, busy, reload };
}

// Calls act every so many milliseconds while the page can be seen.
export function useEvery(ms: number, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = window.setInterval(() => {
      if (!document.hidden) latest.current();
    }, ms);
    return () => window.clearInterval(timer);
  }, [ms]);
}

// The newest value, but another one at most every so many milliseconds: what changes fast is not followed step by step.
export function useSlowed<T>(value: T, ms: number): T {
  const [slow, set_slow] = useState(value);
  const latest = useRef(value);
  const timer = useRef(0);
  latest.current = value;
  useEffect(() => {
    if (timer.current || value === slow) return;
    timer.current = window.setTimeout(() => {
      timer.current = 0;
      set_slow(() => latest.current);
    }, ms);
  }, [value, slow, ms]);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return slow;
}
