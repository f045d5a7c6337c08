// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Access that nobody asked for: in advance, also for an engineer who has not come yet.
import { useId, useState } from 'preact/hooks';
import { call } from '../api/client';
import type { AccessRequest, Grant } from '../api/types';
import { Confirm } from '../components/confirm';
import { useAction } from '../state/action';
import { parts } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import { DurationField, start_of, StartField, useWhat, WhatFields, type StartChoice } from './terms';

export function GiveAccess() {
  const [open, set_open] = useState(false);
  if (open) return <GiveForm on_done={() => set_open(false)} />;
  return (
    <p class="leads">
      <button type="button" onClick={() => set_open(true)}>
        {words.approvals.give}
      </button>
    </p>
  );
}

export function say_given(answer: Grant | AccessRequest, needed: number): string {
  if (answer.state === 'pending') return words.approvals.counted(answer.engineer, 1, needed);
  return answer.engineer_state === 'unknown' ? words.approvals.given_unknown(answer.engineer) : words.approvals.given(answer.engineer);
}

function GiveForm({ on_done }: { on_done: () => void }) {
  const id = useId();
  const action = useAction();
  const engineers = useStore(parts.engineers).value ?? [];
  const what = useWhat('', []);
  const [engineer, set_engineer] = useState('');
  const [duration, set_duration] = useState(words.requests.default_duration);
  const [start, set_start] = useState<StartChoice>({ kind: 'asked' });
  const [ticket, set_ticket] = useState('');
  const [reason, set_reason] = useState('');
  const [tried, set_tried] = useState(false);
  const from = start_of(start);
  const submit = async () => {
    set_tried(true);
    if (!engineer.trim() || what.nothing || from === undefined) return;
    const body: Record<string, unknown> = { engineer: engineer.trim(), ...what.body(), duration };
    if (from && from !== 'now') body.from = from;
    if (ticket.trim()) body.ticket = ticket.trim();
    if (reason.trim()) body.reason = reason.trim();
    const done = await action.run(async () => {
      const answer = await call<Grant | AccessRequest>('POST', '/grants', body);
      return say_given(answer, 'approvals_needed' in answer ? (answer.approvals_needed ?? 1) : 1);
    });
    if (done) on_done();
  };
  return (
    <Confirm says={words.approvals.give_says} submit={words.approvals.give_submit} action={action} on_submit={() => void submit()} on_cancel={on_done}>
      <div class="field">
        <label for={`${id}-who`}>{words.approvals.engineer}</label>
        <input
          id={`${id}-who`}
          list={`${id}-known`}
          maxLength={64}
          autocomplete="off"
          spellcheck={false}
          value={engineer}
          title={words.approvals.engineer_hint}
          aria-invalid={tried && !engineer.trim()}
          onInput={(event) => set_engineer(event.currentTarget.value)}
        />
        <datalist id={`${id}-known`}>
          {engineers.map((one) => (
            <option key={one.name} value={one.name} />
          ))}
        </datalist>
        {tried && !engineer.trim() && (
          <p class="field-error" role="alert">
            {words.approvals.who_missing}
          </p>
        )}
      </div>
      <WhatFields what={what} asked={[]} />
      {tried && what.nothing && (
        <p class="field-error" role="alert">
          {words.approvals.nothing}
        </p>
      )}
      <div class="fields">
        <DurationField value={duration} on_change={set_duration} />
        <StartField choice={start} invalid={tried && from === undefined} on_change={set_start} />
      </div>
      <div class="fields">
        <div class="field">
          <label for={`${id}-ticket`}>{words.approvals.ticket}</label>
          <input id={`${id}-ticket`} maxLength={120} autocomplete="off" value={ticket} onInput={(event) => set_ticket(event.currentTarget.value)} />
        </div>
        <div class="field">
          <label for={`${id}-reason`}>{words.approvals.reason}</label>
          <input id={`${id}-reason`} maxLength={500} autocomplete="off" value={reason} onInput={(event) => set_reason(event.currentTarget.value)} />
        </div>
      </div>
    </Confirm>
  );
}
