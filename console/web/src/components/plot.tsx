// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Exchanges and refusals over time. What the picture says is said in words beside it, for who does not see it.
import { useState } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Histogram } from '../api/types';
import { words } from '../text';
import { say_time } from '../time';
import { axis, colour, type Draw, kDrawnHeight, useDrawn } from './drawn';

// Each part stands where it begins.
function columns(counts: Histogram): [number[], number[], number[]] {
  const begin = new Date(counts.since).getTime() / 1000;
  const width = counts.width_us / 1_000_000;
  return [counts.exchanges.map((_, i) => begin + i * width), counts.exchanges, counts.refused];
}

function options(draw: Draw, width: number, counts: Histogram, on_point: (index: number | null) => void): uPlot.Options {
  const begin = new Date(counts.since).getTime() / 1000;
  const end = begin + (counts.width_us / 1_000_000) * counts.exchanges.length;
  const bars = draw.paths.bars?.({ size: [0.8, 40], align: 1 });
  const series = (label: string, name: string): uPlot.Series => ({
    label,
    fill: colour(name),
    stroke: colour(name),
    width: 0,
    points: { show: false },
    ...(bars ? { paths: bars } : {}),
  });
  return {
    width,
    height: kDrawnHeight,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { range: () => [begin, end] }, y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] } },
    axes: [axis(), { ...axis(), size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000] }],
    series: [{}, series(words.home.plot.exchanges, '--accent'), series(words.home.plot.refused, '--bad')],
    hooks: { setCursor: [(plot) => on_point(plot.cursor.idx ?? null)] },
  };
}

export function Plot({ counts }: { counts: Histogram }) {
  const [point, set_point] = useState<number | null>(null);
  const times = columns(counts)[0];
  const box = useDrawn(
    counts,
    (draw, width) => options(draw, width, counts, set_point),
    () => columns(counts),
  );
  const total = (all: number[]) => all.reduce((a, b) => a + b, 0);
  const time = point === null ? undefined : times[point];
  return (
    <figure class="plot">
      <figcaption>
        <span class="key key-exchanges">{words.home.plot.exchanges}</span>
        <span class="key key-refused">{words.home.plot.refused}</span>
        <span class="plot-says">
          {point === null || time === undefined
            ? words.home.plot.sum(total(counts.exchanges), total(counts.refused))
            : words.home.plot.at(
                say_time(new Date(time * 1000).toISOString(), Date.now()),
                counts.exchanges[point] ?? 0,
                counts.refused[point] ?? 0,
              )}
        </span>
      </figcaption>
      <div ref={box} class="plot-box" aria-hidden="true" />
    </figure>
  );
}
