// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What somebody looked at when they began to change it. While they think, others may change it too, and the page shows
// that; the change is still about what they saw, until they were told and look again.
import { useState } from 'preact/hooks';

export interface Seen<T> {
  get(): T;
  again(): void; // from now on it is what is shown
}

export function useSeen<T>(shown: T): Seen<T> {
  const [seen, set_seen] = useState<{ value: T } | undefined>({ value: shown });
  return { get: () => (seen === undefined ? shown : seen.value), again: () => set_seen(undefined) };
}
