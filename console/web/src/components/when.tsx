// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A time in the reader's zone, UTC on hover; or what is left until it.
import { useNow } from '../state/now';
import { words } from '../text';
import { say_span, say_time, say_utc } from '../time';

export function When({ time, seconds = false }: { time: string; seconds?: boolean }) {
  return (
    <time dateTime={time} title={say_utc(time)}>
      {say_time(time, Date.now(), seconds)}
    </time>
  );
}

export function Left({ until }: { until: string }) {
  const now = useNow();
  return (
    <time dateTime={until} title={say_utc(until)}>
      {say_span(new Date(until).getTime() - now)}
    </time>
  );
}

export function Ago({ time }: { time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={say_utc(time)}>
      {words.home.tiles.ago(say_span(now - new Date(time).getTime()))}
    </time>
  );
}
