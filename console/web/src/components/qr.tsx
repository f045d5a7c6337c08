// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A QR code, drawn here: what stands in it leaves the page for the reader's phone and for nobody else. Dark on light in both
// themes, because cameras want it so.
import { useMemo } from 'preact/hooks';
import { encode } from 'uqr';

const kBorder = 4; // modules of light around it (ISO/IEC 18004)

export function Qr({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const { data, size } = encode(text, { border: kBorder, ecc: 'M' });
    const dark: string[] = [];
    data.forEach((row, y) => row.forEach((on, x) => on && dark.push(`M${x} ${y}h1v1h-1z`)));
    return { size, path: dark.join('') };
  }, [text]);
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <path class="qr-light" d={`M0 0h${size}v${size}h-${size}z`} />
      <path class="qr-dark" d={path} />
    </svg>
  );
}
