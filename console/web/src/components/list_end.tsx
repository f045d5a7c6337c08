// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The foot of a list that is not shown whole: how to have more of it, or that it ends here.
import type { ComponentChildren } from 'preact';

interface ListEndProps {
  says?: ComponentChildren; // beside the button, or alone
  more?: string; // empty: there is no more
  busy?: boolean;
  on_more: () => void;
}

export const ListEnd = ({ says, more, busy = false, on_more }: ListEndProps) => (
  <p class="list-end">
    {says && <span class="quiet">{says}</span>}{' '}
    {more && (
      <button type="button" aria-busy={busy} onClick={on_more}>
        {more}
      </button>
    )}
  </p>
);
