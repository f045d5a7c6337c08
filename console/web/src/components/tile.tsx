// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One thing that can be wrong, in a glance.
import type { ComponentChildren } from 'preact';
import { Link } from '../router';

export type Health = 'good' | 'plain' | 'warn' | 'bad';

interface TileProps {
  title: string;
  value: ComponentChildren;
  health: Health;
  href?: string;
  children?: ComponentChildren;
}

export function Tile({ title, value, health, href, children }: TileProps) {
  return (
    <li class={`tile fact-${health}`}>
      <h3>{href ? <Link href={href}>{title}</Link> : title}</h3>
      <p class="tile-value">
        <span class="dot" aria-hidden="true" />
        {value}
      </p>
      {children && <p class="quiet">{children}</p>}
    </li>
  );
}
