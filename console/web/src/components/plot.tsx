// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Exchanges and refusals over time. What the picture says is said in words beside it, for who does not see it. What draws it is loaded
// with the first picture, and not with the page that signs in.
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Histogram } from '../api/types';
import { words } from '../text';
import { say_time } from '../time';

const kHeight = 200;

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Each part stands where it begins.
function columns(counts: Histogram): [number[], number[], number[]] {
  const begin = new Date(counts.since).getTime() / 1000;
  const width = counts.width_us / 1_000_000;
  return [counts.exchanges.map((_, i) => begin + i * width), counts.exchanges, counts.refused];
}

const load = () => import('uplot').then((module) => module.default);
type Draw = Awaited<ReturnType<typeof load>>;

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
  const axis: uPlot.Axis = {
    stroke: colour('--ink-soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: `12px ${colour('--sans')}`,
  };
  return {
    width,
    height: kHeight,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { range: () => [begin, end] }, y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] } },
    axes: [axis, { ...axis, size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000] }],
    series: [{}, series(words.home.plot.exchanges, '--accent'), series(words.home.plot.refused, '--bad')],
    hooks: { setCursor: [(plot) => on_point(plot.cursor.idx ?? null)] },
  };
}

export function Plot({ counts }: { counts: Histogram }) {
  const box = useRef<HTMLDivElement>(null);
  const [point, set_point] = useState<number | null>(null);
  const [theme, set_theme] = useState(0);
  const [draw, set_draw] = useState<Draw | null>(null);
  const times = columns(counts)[0];
  useEffect(() => {
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const turn = () => set_theme((n) => n + 1);
    dark.addEventListener('change', turn);
    return () => dark.removeEventListener('change', turn);
  }, []);
  useEffect(() => {
    let shown = true;
    load().then(
      (loaded) => shown && set_draw(() => loaded),
      () => {}, // the words say it all
    );
    return () => {
      shown = false;
    };
  }, []);
  useEffect(() => {
    const element = box.current;
    if (!element || !draw) return;
    const plot = new draw(options(draw, element.clientWidth, counts, set_point), columns(counts), element);
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: kHeight }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [counts, theme, draw]);
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
