// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an admin can do about a request that waits: approve it (perhaps something else than was asked), ask back, refuse.
import { useId, useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { AccessRequest, Grant } from '../api/types';
import { Confirm } from '../components/confirm';
import { short_name } from '../components/talk';
import { useAction } from '../state/action';
import { me } from '../state/accounts';
import { parts } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import { say_duration } from '../time';
import { useSignedOnly } from './bring';
import { DurationField, start_of, StartField, useWhat, WhatFields, type StartChoice } from './terms';

export interface StepProps {
  request: AccessRequest;
  on_done: () => void;
}

export type Step = 'approve' | 'ask' | 'refuse' | undefined;

// As the gateway counts: the most that any of the capabilities takes.
function useNeeded(capabilities: string[]): number {
  const known = useStore(parts.capabilities).value ?? [];
  return Math.max(1, ...known.filter((one) => capabilities.includes(one.name)).map((one) => one.approvals ?? 1));
}

const same_set = (a: string[], b: string[]): boolean => a.length === b.length && a.every((one) => b.includes(one));

export function StepButtons({ request, on_step }: { request: AccessRequest; on_step: (step: Step) => void }) {
  const signed_only = useSignedOnly();
  const mine = (request.approvals ?? []).some((one) => short_name(one.by) === me.get()?.name);
  return (
    <div class="buttons">
      {!signed_only && (
        <button type="button" class={mine ? '' : 'primary'} onClick={() => on_step('approve')}>
          {mine ? words.approvals.change : words.requests.approve}
        </button>
      )}
      {!request.asked_by && (
        <button type="button" onClick={() => on_step('ask')}>
          {words.approvals.ask}
        </button>
      )}
      <button type="button" onClick={() => on_step('refuse')}>
        {words.requests.refuse}
      </button>
    </div>
  );
}

export function StepForm({ step, request, on_done }: StepProps & { step: Step }) {
  if (step === 'approve') return <Approve request={request} on_done={on_done} />;
  if (step === 'ask') return <AskBack request={request} on_done={on_done} />;
  if (step === 'refuse') return <Refuse request={request} on_done={on_done} />;
  return null;
}

function Approve({ request, on_done }: StepProps) {
  const action = useAction();
  const what = useWhat(request.role ?? '', request.capabilities ?? []);
  const [duration, set_duration] = useState(request.duration || words.requests.default_duration);
  const [start, set_start] = useState<StartChoice>({ kind: 'asked' });
  const [wrong_start, set_wrong_start] = useState(false);
  const others = (request.approvals ?? []).map((one) => short_name(one.by)).filter((name) => name !== me.get()?.name);
  const same =
    what.role === (request.role ?? '') &&
    (what.role !== '' || same_set(what.chosen, request.capabilities ?? [])) &&
    duration === request.duration &&
    start.kind === 'asked';
  const voids = others.length > 0 && !same;
  const needed = useNeeded(same ? (request.capabilities ?? []) : what.capabilities);
  const count = voids ? 1 : others.length + 1;
  const submit = async () => {
    const at = start_of(start);
    set_wrong_start(at === undefined);
    if (what.nothing || at === undefined) return;
    const terms = same ? {} : { ...what.body(), duration, ...(at ? { start: at } : {}) };
    const done = await action.run(async () => {
      const answer = await call<AccessRequest | Grant>('POST', `/requests/${segment(request.id)}/approve`, {
        ...terms,
        ...(voids ? { void_earlier: true } : {}),
      });
      return answer.state === 'pending' ? words.approvals.counted(request.engineer, count, needed) : words.requests.approved(request.engineer);
    });
    if (done) on_done();
  };
  return (
    <Confirm
      says={`${words.requests.approve_will(request.engineer, say_duration(duration))} ${words.approvals.will_be(count, needed)}`.trim()}
      submit={words.requests.approve}
      action={action}
      danger={voids}
      on_submit={() => void submit()}
      on_cancel={on_done}
    >
      {voids && (
        <p class="warned" role="alert">
          {words.approvals.will_void(others)}
        </p>
      )}
      <WhatFields what={what} asked={request.capabilities ?? []} />
      <div class="fields">
        <DurationField value={duration} asked={request.duration} on_change={set_duration} />
        <StartField
          choice={start}
          asked={request.start}
          invalid={wrong_start}
          on_change={(next) => {
            set_wrong_start(false);
            set_start(next);
          }}
        />
      </div>
      {what.nothing && (
        <p class="field-error" role="alert">
          {words.requests.nothing_chosen}
        </p>
      )}
    </Confirm>
  );
}

interface SayProps extends StepProps {
  says: string;
  label: string;
  missing: string;
  submit: string;
  danger?: boolean;
  most: number;
  send: (text: string) => Promise<string>;
}

function Say({ says, label, missing, submit, danger, most, send, on_done }: SayProps) {
  const action = useAction();
  const id = useId();
  const [text, set_text] = useState('');
  const [empty, set_empty] = useState(false);
  const run = async () => {
    if (!text.trim()) return set_empty(true);
    if (await action.run(() => send(text.trim()))) on_done();
  };
  return (
    <Confirm says={says} submit={submit} action={action} {...(danger ? { danger } : {})} on_submit={() => void run()} on_cancel={on_done}>
      <div class="field">
        <label for={id}>{label}</label>
        <textarea
          id={id}
          rows={2}
          maxLength={most}
          value={text}
          aria-invalid={empty}
          onInput={(event) => {
            set_empty(false);
            set_text(event.currentTarget.value);
          }}
        />
        {empty && (
          <p class="field-error" role="alert">
            {missing}
          </p>
        )}
      </div>
    </Confirm>
  );
}

const AskBack = ({ request, on_done }: StepProps) => (
  <Say
    request={request}
    on_done={on_done}
    says={words.approvals.ask_says(request.engineer)}
    label={words.approvals.ask_label}
    missing={words.approvals.ask_missing}
    submit={words.approvals.ask_submit}
    most={500}
    send={async (text) => {
      await call('POST', `/requests/${segment(request.id)}/ask-back`, { text });
      return words.approvals.asked(request.engineer);
    }}
  />
);

const Refuse = ({ request, on_done }: StepProps) => (
  <Say
    request={request}
    on_done={on_done}
    says=""
    label={words.requests.refuse_reason}
    missing={words.requests.refuse_missing}
    submit={words.requests.refuse_submit}
    danger
    most={500}
    send={async (reason) => {
      await call('POST', `/requests/${segment(request.id)}/refuse`, { reason });
      return words.requests.refused(request.engineer);
    }}
  />
);
