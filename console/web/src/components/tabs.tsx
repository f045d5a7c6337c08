// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Two views of one kind of thing, each a place of its own.
import { Link, usePlace } from '../router';

export function Tabs({ label, tabs }: { label: string; tabs: Record<string, string> }) {
  const { path } = usePlace();
  return (
    <nav class="tabs no-print" aria-label={label}>
      {Object.entries(tabs).map(([href, name]) => (
        <Link key={href} href={href} aria-current={path === href ? 'page' : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  );
}
