// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Text from outside: an engineer's reason, a user agent, a name. It stays text (Preact never makes markup of it), keeps its
// writing direction to itself, and characters that could make it read as something else become visible.

const kTricks = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

export const plain = (text: string): string =>
  text.replace(kTricks, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

export function Said({ text, title }: { text: string; title?: string }) {
  return (
    <bdi class="said" title={title}>
      {plain(text)}
    </bdi>
  );
}
