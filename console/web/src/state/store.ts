// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The smallest store that re-renders who reads it: one value, replaced whole.
import { useEffect, useState } from 'preact/hooks';

export interface Store<T> {
  get(): T;
  set(next: T): void;
  subscribe(listener: () => void): () => void;
}

export function make_store<T>(first: T): Store<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  const [value, set_value] = useState(store.get());
  useEffect(() => {
    set_value(() => store.get());
    return store.subscribe(() => set_value(() => store.get()));
  }, [store]);
  return value;
}
