// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a waiting call would change: the document as it was when the call began to wait, beside what the call would make of it. Where
// only the component knows that, beside what the call sends.
import type { ComponentChildren } from 'preact';
import type { Before } from '../api/types';
import { words } from '../text';
import { Differences, shown } from './change_view';
import { Said } from './said';
import { When } from './when';

interface Shown {
  read: string | undefined; // the document's target; undefined: nobody knows one
  before: Before | undefined; // undefined: it is not read yet
  sent?: ComponentChildren; // the call's own body, where it is not shown elsewhere
}

export function HeldChange({ read, before, sent }: Shown) {
  if (read === undefined) return <>{sent}</>;
  if (before === undefined)
    return (
      <>
        <p class="hint" role="status">
          {words.holds.reading} <Said text={read} />
        </p>
        {sent}
      </>
    );
  const { document, patch } = before;
  const foreseen = patch !== undefined || before.changes > 0;
  const whole = document !== undefined && (
    <figure class="held-body">
      <figcaption>{words.holds.document}</figcaption>
      <pre tabIndex={0}>
        <bdi>{shown(document)}</bdi>
      </pre>
    </figure>
  );
  const beside = (whole || sent) && (
    <div class="beside">
      {whole}
      {sent}
    </div>
  );
  return (
    <div class="change">
      <p class="row-says">
        {words.holds.would_change}{' '}
        <code>
          <Said text={read} />
        </code>
        {words.holds.as_it_was} <When time={before.time} seconds />
      </p>
      {before.why && (
        <p class="note">
          <Said text={words.holds.not_compared(before.why)} />
        </p>
      )}
      {patch && patch.length > 0 && <Differences patch={patch} labels={words.holds.sides} />}
      {patch?.length === 0 && <p class="hint">{words.holds.no_difference}</p>}
      {!patch && before.changes > 0 && <p class="hint">{words.holds.too_large(before.changes)}</p>}
      {foreseen ? (
        beside && (
          <details class="held-whole">
            <summary>{sent ? words.holds.whole_and_body : words.holds.whole}</summary>
            {beside}
          </details>
        )
      ) : (
        beside
      )}
      {document !== undefined && !foreseen && <p class="hint">{words.holds.unforeseen}</p>}
    </div>
  );
}
