// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One clock for the whole page, so that counting down wakes it once a second and only what shows time renders.
import { useEffect, useState } from 'preact/hooks';
import { make_store } from './store';

const now = make_store(Date.now());
let users = 0;
let timer = 0;

export function useNow(): number {
  const [value, set_value] = useState(Date.now());
  useEffect(() => {
    if (users++ === 0) timer = window.setInterval(() => now.set(Date.now()), 1000);
    const stop = now.subscribe(() => set_value(now.get()));
    return () => {
      stop();
      if (--users === 0) window.clearInterval(timer);
    };
  }, []);
  return value;
}
