// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where in the console the reader is: path and query, nothing else. A link is a link (it can be copied, opened in another tab,
// gone back from); following it inside the console only changes the place.
import type { ComponentChildren, JSX } from 'preact';
import { make_store, useStore } from './state/store';

export interface Place {
  path: string;
  query: URLSearchParams;
}

const here = (): Place => ({
  path: window.location.pathname,
  query: new URLSearchParams(window.location.search),
});

export const place = make_store<Place>(here());
export const usePlace = (): Place => useStore(place);

window.addEventListener('popstate', () => place.set(here()));

const same_page = (url: string): boolean => new URL(url, window.location.href).pathname === window.location.pathname;

// A new page begins at its top; another filter of the same page stays where it is.
export function go(url: string, how: 'push' | 'replace' = 'push'): void {
  const to_top = !same_page(url);
  if (how === 'push') window.history.pushState(null, '', url);
  else window.history.replaceState(null, '', url);
  place.set(here());
  if (to_top) window.scrollTo(0, 0);
}

// path with these parameters; empty ones are left out.
export function url_of(path: string, query: Record<string, string | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) parameters.set(name, value);
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

// The query of the present page, with some of it changed. Paging starts anew.
export function with_query(change: Record<string, string | undefined>): string {
  const { path, query } = place.get();
  return url_of(path, { ...Object.fromEntries(query), ...change });
}

type LinkProps = Omit<JSX.HTMLAttributes<HTMLAnchorElement>, 'href'> & { href: string; children: ComponentChildren };

export function Link({ href, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(href);
  };
  return (
    <a {...rest} href={href} onClick={follow}>
      {children}
    </a>
  );
}
