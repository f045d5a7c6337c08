// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a call changed: each place with what was there before and what is there now, and the call that would undo it.
import type { Change, Patch } from '../api/types';
import { words } from '../text';
import { plain, Said } from './said';

export const shown = (value: unknown): string =>
  plain(typeof value === 'string' ? value : JSON.stringify(value, null, 2));

function Value({ value, kind }: { value: unknown; kind: 'old' | 'now' }) {
  if (value === undefined) return <span class="quiet">{words.change.nothing}</span>;
  const Mark = kind === 'old' ? 'del' : 'ins';
  return (
    <Mark>
      <pre>
        <bdi>{shown(value)}</bdi>
      </pre>
    </Mark>
  );
}

interface Labels {
  old: string;
  now: string;
}

function Row({ patch, labels }: { patch: Patch; labels: Labels }) {
  return (
    <tr>
      <th scope="row">
        <code>
          <Said text={patch.path || words.change.whole} />
        </code>
        <small>{words.change.ops[patch.op] ?? patch.op}</small>
      </th>
      <td data-label={labels.old}>
        <Value value={patch.old} kind="old" />
      </td>
      <td data-label={labels.now}>
        <Value value={patch.op === 'remove' ? undefined : patch.value} kind="now" />
      </td>
    </tr>
  );
}

// Old beside new, place by place.
export function Differences({ patch, labels }: { patch: Patch[]; labels: Labels }) {
  return (
    <table class="diff">
      <thead>
        <tr>
          <th scope="col">{words.change.where}</th>
          <th scope="col">{labels.old}</th>
          <th scope="col">{labels.now}</th>
        </tr>
      </thead>
      <tbody>
        {patch.map((one, i) => (
          <Row key={i} patch={one} labels={labels} />
        ))}
      </tbody>
    </table>
  );
}

export function ChangeView({ change }: { change: Change }) {
  const { patch, undo } = change;
  return (
    <div class="change">
      {change.why && (
        <p class="hint">
          <Said text={change.why} />
        </p>
      )}
      {patch && patch.length > 0 && <Differences patch={patch} labels={words.change} />}
      {patch?.length === 0 && <p class="hint">{words.change.none}</p>}
      {!patch && (change.changes ?? 0) > 0 && <p class="hint">{words.change.too_large(change.changes ?? 0)}</p>}
      {undo && (
        <div class="undo">
          <p class="quiet">{words.change.undo}</p>
          <pre tabIndex={0}>
            <bdi>
              {plain(`${undo.method} ${undo.target}`)}
              {undo.body === undefined ? '' : `\n\n${shown(undo.body)}`}
            </bdi>
          </pre>
        </div>
      )}
    </div>
  );
}
