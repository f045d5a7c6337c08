// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The live line: server-sent events with our own idea of when it is lost. A browser notices a dead peer only when TCP does;
// the gateway sends a ping every few seconds, so silence is taken as loss.
import type { LogEvent } from './types';

export type LineState = 'connecting' | 'live' | 'lost';

export interface StreamListener {
  on_state(): void; // permissions or sessions changed
  on_event(event: LogEvent): void; // one new event of the log
  on_more(skipped: number): void; // a burst was thinned
  on_line(state: LineState): void; // live means: fetch everything once, something may have been missed
}

const kSilenceMs = 45_000;
const kFirstRetryMs = 500;
const kLongestRetryMs = 15_000;

export function open_stream(listener: StreamListener): () => void {
  let source: EventSource | null = null;
  let silence = 0;
  let retry = 0;
  let delay = kFirstRetryMs;

  const heard = () => {
    window.clearTimeout(silence);
    silence = window.setTimeout(lose, kSilenceMs);
  };
  const lose = () => {
    close();
    listener.on_line('lost');
    retry = window.setTimeout(connect, delay);
    delay = Math.min(delay * 2, kLongestRetryMs);
  };
  const listen = (name: string, act: (data: unknown) => void) =>
    source?.addEventListener(name, (message) => {
      heard();
      const data = parse((message as MessageEvent<string>).data);
      if (data !== undefined) act(data);
    });
  const connect = () => {
    source = new EventSource('/api/v1/events/stream');
    heard();
    source.onopen = () => {
      heard();
      delay = kFirstRetryMs;
      listener.on_line('live');
    };
    source.onerror = lose;
    listen('state', () => listener.on_state());
    listen('event', (data) => listener.on_event(data as LogEvent));
    listen('more', (data) => listener.on_more(Number((data as { skipped?: number }).skipped ?? 0)));
    listen('ping', () => {});
  };
  const close = () => {
    window.clearTimeout(silence);
    window.clearTimeout(retry);
    source?.close();
    source = null;
  };

  listener.on_line('connecting');
  connect();
  return close;
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
