// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A list that goes on: its first page, and those that were asked for since.
import { useEffect, useState } from 'preact/hooks';
import type { Problem } from '../api/client';
import type { Page } from '../api/types';
import { problem_of } from './loaded';

export interface Older<T> {
  items: T[]; // of all pages
  next: number | undefined;
  busy: boolean;
  problem: Problem | undefined;
  more: () => void;
  all: (most: number) => Promise<void>; // until the end, or about so many items
}

export function useOlder<T>(first: Page<T> | undefined, load: (next: number) => Promise<Page<T>>): Older<T> {
  const [pages, set_pages] = useState<Page<T>[]>([]);
  const [busy, set_busy] = useState(false);
  const [problem, set_problem] = useState<Problem | undefined>(undefined);
  useEffect(() => set_pages([]), [first]);
  const last = pages[pages.length - 1] ?? first;
  const more = () => {
    if (busy || last?.next === undefined) return;
    set_busy(true);
    set_problem(undefined);
    load(last.next)
      .then((page) => set_pages((old) => [...old, page]))
      .catch((error: unknown) => set_problem(problem_of(error)))
      .finally(() => set_busy(false));
  };
  const items = [...(first?.items ?? []), ...pages.flatMap((page) => page.items)];
  const all = async (most: number) => {
    const found = [...pages];
    let count = items.length;
    for (let at = last; at?.next !== undefined && count < most; at = found[found.length - 1]) {
      const page = await load(at.next);
      found.push(page);
      count += page.items.length;
    }
    set_pages(found);
  };
  return { items, next: last?.next, busy, problem, more, all };
}
