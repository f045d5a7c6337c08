// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a waiting call would change: the document as it was when the call began to wait, beside what the call would make of it. Where
// only the component knows that, beside what the call sends.
import type { Hold } from '../api/types';
import { words } from '../text';
import { Differences, shown } from './change_view';
import { HeldBody } from './held_body';
import { Said } from './said';
import { When } from './when';

function Body({ hold }: { hold: Hold }) {
  if (hold.body_bytes === 0) return null;
  return (
    <figure class="held-body">
      <figcaption>
        <Said text={words.holds.body(hold.body_bytes, hold.content_type ?? '')} />
      </figcaption>
      {hold.body ? <HeldBody text={hold.body} type={hold.content_type ?? ''} /> : <p class="note">{words.holds.unreadable}</p>}
    </figure>
  );
}

export function HeldChange({ hold }: { hold: Hold }) {
  const { read, before } = hold;
  if (read === undefined) return <Body hold={hold} />;
  if (before === undefined)
    return (
      <>
        <p class="hint" role="status">
          {words.holds.reading} <Said text={read} />
        </p>
        <Body hold={hold} />
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
        <details class="held-whole">
          <summary>{words.holds.whole}</summary>
          <div class="beside">
            {whole}
            <Body hold={hold} />
          </div>
        </details>
      ) : (
        <div class="beside">
          {whole}
          <Body hold={hold} />
        </div>
      )}
      {document !== undefined && !foreseen && <p class="hint">{words.holds.unforeseen}</p>}
    </div>
  );
}
