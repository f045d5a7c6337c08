// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How far the rings are with one update.
import { roll_out as text, type RingProgress } from '../updates';

const n = (value: number) => value.toLocaleString();

export function Rings({ what, rings }: { what: string; rings: RingProgress[] }) {
  if (rings.length === 0) return <p class="quiet">{text.rings.none}</p>;
  return (
    <table class="sessions fleet rings" aria-label={text.rings.label(what)}>
      <thead>
        <tr>
          <th scope="col">{text.rings.ring}</th>
          <th scope="col">{text.rings.taken}</th>
          <th scope="col" class="number">
            {text.rings.waiting}
          </th>
          <th scope="col" class="number">
            {text.rings.failed}
          </th>
          <th scope="col" class="number">
            {text.rings.untold}
          </th>
          <th scope="col" class="number">
            {text.rings.behind}
          </th>
        </tr>
      </thead>
      <tbody>
        {rings.map((one) => (
          <tr key={one.ring} class={one.offered ? '' : 'not-offered'}>
            <th scope="row">
              {text.rings.ring} {one.ring} {!one.offered && <small>{text.rings.not_offered}</small>}
            </th>
            <td data-label={text.rings.taken}>
              <progress max={Math.max(1, one.installations - one.not_for)} value={one.taken} aria-label={text.rings.progress(one.taken, one.installations - one.not_for)} />{' '}
              <small>{text.rings.progress(one.taken, one.installations - one.not_for)}</small>
            </td>
            <td class="number" data-label={text.rings.waiting}>
              {n(one.waiting)}
            </td>
            <td class={`number ${one.failed > 0 ? 'failed' : ''}`} data-label={text.rings.failed}>
              {n(one.failed)}
            </td>
            <td class="number" data-label={text.rings.untold}>
              {n(one.untold)}
            </td>
            <td class="number" data-label={text.rings.behind}>
              {n(one.behind)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
