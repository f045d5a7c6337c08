// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// When a request or a call that waits arrives: a sound, and a mark in the title while the page is not looked at. Both are off
// until somebody wants them in this browser. The sound is made, not loaded.
import { useEffect, useRef, useState } from 'preact/hooks';
import { parts } from './live';
import { make_store, useStore } from './store';

export interface Alerts {
  sound: boolean;
  title: boolean;
}

const kKey = 'postern.alerts';
const kFlashMs = 1_000;
const kToneSeconds = 0.25;

function remembered(): Alerts {
  try {
    const stored = JSON.parse(window.localStorage.getItem(kKey) ?? '{}') as Partial<Alerts>;
    return { sound: stored.sound === true, title: stored.title === true };
  } catch {
    return { sound: false, title: false };
  }
}

export const alerts = make_store<Alerts>(remembered());

export function choose_alerts(next: Alerts): void {
  alerts.set(next);
  try {
    window.localStorage.setItem(kKey, JSON.stringify(next));
  } catch {
    // A browser that remembers nothing: it holds until the page is closed.
  }
}

export function play_tone(): void {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.15, context.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + kToneSeconds);
  tone.connect(volume).connect(context.destination);
  tone.onended = () => void context.close();
  tone.start();
  tone.stop(context.currentTime + kToneSeconds);
}

// Whether the title carries its mark now. Without motion it stands still.
export function useArrivals(): boolean {
  const requests = useStore(parts.requests).value;
  const holds = useStore(parts.holds).value;
  const known = useRef<Set<string> | undefined>(undefined);
  const [unseen, set_unseen] = useState(false);
  const [lit, set_lit] = useState(false);
  useEffect(() => {
    if (requests === undefined || holds === undefined) return;
    const waiting = [...requests, ...holds].map((one) => one.id);
    const news = known.current !== undefined && waiting.some((id) => !known.current?.has(id));
    known.current = new Set(waiting);
    if (!news) return;
    if (alerts.get().sound) play_tone();
    if (alerts.get().title && document.hidden) set_unseen(true);
  }, [requests, holds]);
  useEffect(() => {
    const look = () => {
      if (!document.hidden) set_unseen(false);
    };
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  useEffect(() => {
    set_lit(unseen);
    if (!unseen || window.matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const timer = window.setInterval(() => set_lit((old) => !old), kFlashMs);
    return () => window.clearInterval(timer);
  }, [unseen]);
  return lit && unseen;
}
