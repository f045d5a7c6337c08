// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Times are shown in the reader's zone, with UTC on hover; durations as people say them.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const minute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const year = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' });

export function zone_name(): string {
  return zone.formatToParts(new Date()).find((part) => part.type === 'timeZoneName')?.value ?? '';
}

const kHalfYearMs = 182 * 86_400_000;

const same_day = (a: Date, b: Date): boolean => a.toDateString() === b.toDateString();

export function say_time(time: string, now: number, seconds = false): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const of_day = (seconds ? clock : minute).format(date);
  const today = new Date(now);
  if (same_day(date, today)) return of_day;
  const near = Math.abs(date.getTime() - now) < kHalfYearMs; // else a day and a month could be of any year
  return `${(near ? day : year).format(date)}, ${of_day}`;
}

export const say_utc = (time: string): string => time.replace('T', ' ').replace(/Z$/, ' UTC');

// "3 h 12 min", "4 min", "38 s"; never negative.
export function say_span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 48) return min % 60 ? `${h} h ${min % 60} min` : `${h} h`;
  return `${Math.floor(h / 24)} days`;
}

// "1h30m" -> "1 h 30 min", the gateway's form of a duration for reading.
export function say_duration(text: string): string {
  return text
    .replace(
      /(\d+)(ms|[smhd])/g,
      (_, n: string, unit: string) =>
        ` ${n} ${({ m: 'min', d: n === '1' ? 'day' : 'days' } as Record<string, string>)[unit] ?? unit}`,
    )
    .trim();
}
