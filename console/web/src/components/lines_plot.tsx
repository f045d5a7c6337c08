// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Percentages over time, a line each. What the picture says at a point, and of all of it, is said in words beside it.
import { useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { say_time } from '../time';
import { axis, colour, kDrawnHeight, useDrawn } from './drawn';

export interface PlotLine {
  name: string;
  colour: '--accent' | '--warn' | '--bad' | '--focus' | '--good';
  values: (number | null)[]; // null: not told
}

interface LinesPlotProps {
  times: string[]; // rising
  lines: PlotLine[];
  low: number; // where the picture begins, in percent, unless something is lower
  gap_s: number; // a pause longer than this is one in the line, too
  says: (name: string, least: number, newest: number, most: number) => string;
}

const kShort = (value: number): string => `${value.toLocaleString(undefined, { maximumFractionDigits: 1 })} %`;

// Where nothing was told for long a point without a value breaks the line.
function with_gaps(times: number[], lines: PlotLine[], gap_s: number): uPlot.AlignedData {
  const [at, columns]: [number[], (number | null)[][]] = [[], lines.map(() => [])];
  times.forEach((time, i) => {
    const before = times[i - 1];
    if (before !== undefined && time - before > gap_s) {
      at.push(before + 1);
      for (const column of columns) column.push(null);
    }
    at.push(time);
    lines.forEach((line, n) => columns[n]?.push(line.values[i] ?? null));
  });
  return [at, ...columns];
}

export function LinesPlot({ times, lines, low, gap_s, says }: LinesPlotProps) {
  const [point, set_point] = useState<number | null>(null);
  const data = with_gaps(
    times.map((time) => new Date(time).getTime() / 1000),
    lines,
    gap_s,
  );
  const box = useDrawn(
    times,
    (_, width) => ({
      width,
      height: kDrawnHeight,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { y: { range: (_plot, min) => [Math.min(low, min ?? low), 100.5] } },
      axes: [axis(), { ...axis(), size: 48 }],
      series: [{}, ...lines.map((line) => ({ label: line.name, stroke: colour(line.colour), width: 1.5, points: { show: times.length < 3 } }))],
      hooks: { setCursor: [(plot) => set_point(plot.cursor.idx ?? null)] },
    }),
    () => data,
  );
  const at = point === null ? undefined : data[0][point];
  return (
    <figure class="plot">
      <figcaption>
        {lines.map((line) => (
          <span key={line.name} class={`key key-line${line.colour}`}>
            {line.name}
          </span>
        ))}
        <span class="plot-says">
          {at === undefined ? '' : `${say_time(new Date(at * 1000).toISOString(), Date.now())}: `}
          {lines
            .map((line, n) => {
              const told = line.values.filter((value): value is number => value !== null);
              const value = point === null ? undefined : data[n + 1]?.[point];
              if (at !== undefined) return `${line.name} ${value === null || value === undefined ? '–' : kShort(value)}`;
              if (told.length === 0) return '';
              return says(line.name, Math.min(...told), told[told.length - 1] ?? 0, Math.max(...told));
            })
            .filter(Boolean)
            .join(', ')}
        </span>
      </figcaption>
      <div ref={box} class="plot-box" aria-hidden="true" />
    </figure>
  );
}
