// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The exchanges of a session that is open, newest first: those that were there when the page was asked for, and what came since. What is
// known is never asked for again: news are the exchanges that began, and the ends of those that are still open.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, segment } from '../api/client';
import type { Exchange, LogEvent, Page } from '../api/types';
import { url_of } from '../router';

const kAtOnce = '200';
const kMostPages = 5; // of ends, at a time
export const kMostFollowed = 400; // that came since; past it the page is asked for anew, so that it does not grow for ever

interface News {
  began: Exchange[]; // newest first
  ends: Record<string, Partial<Exchange>>; // by the event of their begin
  last_end: number; // index of the newest of them
}
const kNothing: News = { began: [], ends: {}, last_end: 0 };

export interface Followed {
  session: string;
  asked: Record<string, string>; // the page's filters
  touched: number | undefined; // index of the newest event of the session that is known
  follow: boolean;
}

// shown: what the page has so far, as it was answered. full: called once there is more news than may be kept.
export function useFollowed(
  { session, asked, touched, follow }: Followed,
  first: Page<Exchange> | undefined,
  shown: Exchange[],
  full: () => void,
): Exchange[] {
  const [news, set_news] = useState(kNothing);
  const [turn, set_turn] = useState(0); // one question after the other
  const seen = useRef({ began: 0, ended: 0, touched: 0, busy: false });
  useEffect(() => {
    const newest = first?.items[0]?.index ?? 0; // an end before it was in the answer
    seen.current = { began: newest, ended: newest, touched: newest, busy: false };
    set_news(kNothing);
  }, [first]);
  useEffect(() => {
    const mine = seen.current;
    if (!follow || first === undefined || touched === undefined || touched <= mine.touched || mine.busy) return;
    mine.busy = true;
    const some_open = [...news.began, ...shown].some((one) => one.outcome === 'open' && !news.ends[one.event]);
    ask(session, asked, mine.began, some_open ? mine.ended : undefined)
      .then((found) => {
        if (seen.current !== mine) return;
        mine.began = found.began[0]?.index ?? mine.began;
        mine.ended = Math.max(mine.ended, found.last_end);
        set_news((old) => ({ ...found, began: [...found.began, ...old.began], ends: { ...old.ends, ...found.ends } }));
      })
      .catch(() => {}) // the next event asks again; that the gateway does not answer stands at the top of every page
      .finally(() => {
        mine.touched = touched;
        mine.busy = false;
        set_turn((old) => old + 1);
      });
  }, [touched, follow, first, turn]);
  useEffect(() => {
    if (news.began.length > kMostFollowed) full();
  }, [news]);
  return [...news.began, ...shown].map((one) => (one.outcome === 'open' && news.ends[one.event] ? { ...one, ...news.ends[one.event] } : one));
}

// began, ended: index behind which they are asked for; ended: undefined if none is missing.
async function ask(session: string, asked: Record<string, string>, began: number, ended: number | undefined): Promise<News> {
  const news: News = { began: [], ends: {}, last_end: 0 };
  const list = `/sessions/${segment(session)}/exchanges`;
  for (let after: number | undefined = began; after !== undefined && news.began.length <= kMostFollowed; ) {
    const page: Page<Exchange> = await get(`${list}${url_of('', { ...asked, limit: kAtOnce, after: String(after) })}`);
    news.began.unshift(...page.items.reverse());
    after = page.next;
  }
  const ends = { session, type: 'exchange.completed', order: 'oldest', limit: kAtOnce };
  for (let after = ended, pages = 0; after !== undefined && pages < kMostPages; ++pages) {
    const page: Page<LogEvent> = await get(`/events${url_of('', { ...ends, after: String(after) })}`);
    for (const one of page.items) {
      news.last_end = one.index ?? news.last_end;
      const { forwarded, ...end } = (one.detail ?? {}) as { forwarded?: string } & Partial<Exchange>;
      if (forwarded) news.ends[forwarded] = end;
    }
    after = page.next;
  }
  return news;
}
