// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from 'preact';

interface SectionProps {
  id: string;
  title: string;
  count?: number | undefined;
  aside?: ComponentChildren;
  children: ComponentChildren;
}

export function Section({ id, title, count, aside, children }: SectionProps) {
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <header class="panel-head">
        <h2 id={`${id}-title`}>
          {title}
          {count !== undefined && count > 0 && <span class="count">{count}</span>}
        </h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
