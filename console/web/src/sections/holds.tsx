// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait for an admin: who wants to do what, with the body as it would be sent and what it would change. Passing is one step, because the
// engineer's connection waits for it; refusing asks for a word.
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { Hold } from '../api/types';
import { Confirm } from '../components/confirm';
import { HeldBody } from '../components/held_body';
import { HeldChange } from '../components/held_change';
import { Trouble } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { Left } from '../components/when';
import { useAction } from '../state/action';
import { parts, refresh } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import type { Rights } from './rights';

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

// Nothing waits, nothing shown.
export function HoldsSection({ may_change }: Rights) {
  const holds = useStore(parts.holds).value ?? [];
  if (holds.length === 0) return null;
  return (
    <Section id="holds" title={may_change ? words.holds.title : words.holds.title_read_only} count={holds.length}>
      <ul class="rows">
        {holds.map((one) => (
          <Row key={one.id} hold={one} may_change={may_change} />
        ))}
      </ul>
    </Section>
  );
}

function Row({ hold, may_change }: { hold: Hold } & Rights) {
  const [refusing, set_refusing] = useState(false);
  const [note, set_note] = useState('');
  const action = useAction();
  const decide = (how: 'pass' | 'refuse', body: object) =>
    void action.run(async () => {
      await call('POST', `/holds/${segment(hold.id)}/${how}`, body);
      refresh();
    });
  return (
    <li class="row">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={hold.engineer} /> {words.holds.asks}{' '}
            <code>
              <Said text={`${hold.method} ${hold.target}`} />
            </code>
            <span class="quiet">
              <Left until={hold.expires} /> {words.holds.left}
            </span>
          </p>
          <p class="row-says">
            <Said text={`${hold.capability}, ${hold.client}`} />
          </p>
          {hold.because && <p class="row-says">{words.holds.because_budget}</p>}
          {hold.reason && (
            <p class="row-says">
              <Said text={words.holds.because(hold.reason)} />
            </p>
          )}
        </div>
      </div>
      <HeldChange read={hold.read} before={hold.before} sent={<Body hold={hold} />} />
      {may_change && !refusing && (
        <div class="buttons">
          <button type="button" class="primary" aria-busy={action.busy} onClick={() => decide('pass', {})}>
            {words.holds.pass}
          </button>
          <button type="button" aria-busy={action.busy} onClick={() => decide('pass', { for_session: true })}>
            {hold.because ? words.holds.go_on : words.holds.pass_for_session}
          </button>
          <button type="button" onClick={() => set_refusing(true)}>
            {words.holds.refuse}
          </button>
        </div>
      )}
      {!refusing && <Trouble problem={action.problem} />}
      {refusing && (
        <Confirm
          says={words.holds.will_refuse(hold.engineer)}
          submit={words.holds.refuse}
          action={action}
          danger
          on_submit={() => decide('refuse', note ? { note } : {})}
          on_cancel={() => set_refusing(false)}
        >
          <label>
            {words.holds.note}
            <input value={note} maxLength={500} onInput={(event) => set_note(event.currentTarget.value)} />
          </label>
        </Confirm>
      )}
    </li>
  );
}
