// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A picture that uPlot draws into an element: as wide as that, anew when what it shows or the theme changes. What draws it is loaded with the
// first picture, and not with the page that signs in.
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export const kDrawnHeight = 200;

export const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const load = () => import('uplot').then((module) => module.default);
export type Draw = Awaited<ReturnType<typeof load>>;

export const axis = (): uPlot.Axis => ({
  stroke: colour('--ink-soft'),
  grid: { stroke: colour('--line'), width: 1 },
  ticks: { show: false },
  font: `12px ${colour('--sans')}`,
});

// on: what the picture is made of; another one draws it anew.
export function useDrawn(on: unknown, options: (draw: Draw, width: number) => uPlot.Options, data: () => uPlot.AlignedData) {
  const box = useRef<HTMLDivElement>(null);
  const [theme, set_theme] = useState(0);
  const [draw, set_draw] = useState<Draw | null>(null);
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
    const plot = new draw(options(draw, element.clientWidth), data(), element);
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: kDrawnHeight }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [on, theme, draw]);
  return box;
}
