// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// When in a session its exchanges were: a stroke each, refused ones taller and red.
import type { Exchange } from '../api/types';
import { words } from '../text';
import { mark_of } from './exchange_item';
import { When } from './when';

const kWidth = 1000;
const kHeight = 36;

interface TimelineProps {
  begin: string;
  end: string;
  exchanges: Exchange[];
}

export function Timeline({ begin, end, exchanges }: TimelineProps) {
  const from = new Date(begin).getTime();
  const span = Math.max(1, new Date(end).getTime() - from);
  const strokes = new Map<string, { x: number; mark: string }>();
  for (const one of exchanges) {
    const x = Math.round(Math.min(1, Math.max(0, (new Date(one.time).getTime() - from) / span)) * (kWidth - 2));
    strokes.set(`${x} ${mark_of(one)}`, { x, mark: mark_of(one) });
  }
  const refused = exchanges.filter((one) => one.outcome === 'refused').length;
  return (
    <figure class="timeline">
      <svg
        viewBox={`0 0 ${kWidth} ${kHeight}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words.session.timeline_says(exchanges.length, refused)}
      >
        <line x1="0" x2={kWidth} y1={kHeight - 1} y2={kHeight - 1} />
        {[...strokes].map(([key, { x, mark }]) => (
          <rect
            key={key}
            class={`stroke-${mark}`}
            x={x}
            width="2"
            y={mark === 'refused' || mark === 'failed' ? 4 : 14}
            height={mark === 'refused' || mark === 'failed' ? kHeight - 5 : kHeight - 15}
          />
        ))}
      </svg>
      <figcaption>
        <When time={begin} seconds />
        <When time={end} seconds />
      </figcaption>
    </figure>
  );
}
