// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Numbers as the reader's language writes them.
export const count = (n: number, one: string, many: string): string => `${n.toLocaleString()} ${n === 1 ? one : many}`;

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  if (n < 1_000_000) return `${(n / 1000).toLocaleString(undefined, { maximumFractionDigits: 1 })} kB`;
  if (n < 1_000_000_000) return `${(n / 1_000_000).toLocaleString(undefined, { maximumFractionDigits: 1 })} MB`;
  return `${(n / 1_000_000_000).toLocaleString(undefined, { maximumFractionDigits: 1 })} GB`;
}

export function micros(us: number): string {
  if (us < 1000) return `${us} µs`;
  if (us < 1_000_000) return `${(us / 1000).toLocaleString(undefined, { maximumFractionDigits: us < 10_000 ? 1 : 0 })} ms`;
  return `${(us / 1_000_000).toLocaleString(undefined, { maximumFractionDigits: 1 })} s`;
}
