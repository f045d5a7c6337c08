// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One stroke, one size; each only beside its word.
const kPaths = {
  home: 'M3 9.5 10 3.5l7 6M5 8.5V16.5h10V8.5M8.5 16.5v-4.5h3v4.5',
  permissions: 'M7 6h10M3 6h1M7 10h10M3 10h1M7 14h10M3 14h1',
  requests: 'M3.5 11.5 5.5 4.5h9l2 7v4h-13zM3.5 11.5h4l1 2h3l1-2h4',
  sessions: 'M2.5 4.5h15v9h-15zM7 16.5h6M10 13.5v3',
  events: 'M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM10 6.5v4l2.5 1.5',
  engineers: 'M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 16.5c.5-3 3-4.5 6-4.5s5.500 1.500 6 4.500',
  'mission-control': 'M10 11.5v5M6.500 16.5h7M10 11.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM5.500 13.5a6 6 0 0 1 0-8M14.500 13.5a6 6 0 0 0 0-8',
  updates: 'M10 3.5v8.500M6.500 8.500 10 12l3.500-3.500M3.500 13v3.500h13V13',
  admins: 'M10 3 4 5.500v4c0 3.500 2.500 6 6 7.500 3.500-1.500 6-4 6-7.500v-4zM7.500 10l2 2 3.500-4',
};
export type IconName = keyof typeof kPaths;

export const Icon = ({ name }: { name: IconName }) => (
  <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
    <path d={kPaths[name]} />
  </svg>
);
