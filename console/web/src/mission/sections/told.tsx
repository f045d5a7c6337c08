// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an installation told of an update last: in words, for when, and why.
import { Said } from '../../components/said';
import { When } from '../../components/when';
import { roll_out as text, type Told, type ToldState as State } from '../updates';

const kHealth: Partial<Record<State, string>> = { done: 'good', failed: 'bad', rolled_back: 'bad', missed: 'warn', refused: 'warn' };
const kPlanned: State[] = ['announced', 'scheduled', 'postponed', 'ready', 'missed'];

export function ToldState({ told }: { told: Told }) {
  if (told.state === null) return <span class="quiet">{text.told.nothing}</span>;
  return (
    <span class="told">
      <span class={`state fact-${kHealth[told.state] ?? 'plain'}`}>
        <span class="dot" aria-hidden="true" />
        {text.told.states[told.state]}
      </span>
      {told.starts && kPlanned.includes(told.state) && (
        <span>
          {told.state === 'missed' ? text.told.next : text.told.starts} <When time={told.starts} />
        </span>
      )}
      {told.why && <Said text={told.why} />}
    </span>
  );
}
