// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Access requests that wait for a decision. The approver sees exactly what is asked for and may give less, or another time.
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { AccessRequest } from '../api/types';
import { Confirm } from '../components/confirm';
import { Body, Empty } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { When } from '../components/when';
import { Link } from '../router';
import { useAction } from '../state/action';
import { parts, refresh } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import { say_duration } from '../time';
import type { Rights } from './rights';

const kRoles = ['viewer', 'user', 'admin'];
const kDurations = ['30m', '1h', '4h', '8h', '1d', '4d'];

export function RequestsSection({ may_change, aside }: Rights & { aside?: ComponentChildren }) {
  const part = useStore(parts.requests);
  return (
    <Section id="requests" title={words.requests.title} count={part.value?.length} aside={aside}>
      <Body part={part} what={words.requests.title} retry={refresh}>
        {(pending) =>
          pending.length === 0 ? (
            <Empty>{words.requests.empty}</Empty>
          ) : (
            <ul class="rows">
              {pending.map((one) => (
                <Request key={one.id} request={one} may_change={may_change} />
              ))}
            </ul>
          )
        }
      </Body>
    </Section>
  );
}

function useTitles(): (name: string) => string {
  const known = useStore(parts.capabilities).value ?? [];
  return (name) => known.find((one) => one.name === name)?.title || name;
}

function Request({ request, may_change }: { request: AccessRequest } & Rights) {
  const [step, set_step] = useState<'approve' | 'refuse' | undefined>(undefined);
  const title_of = useTitles();
  const asked = request.role
    ? words.requests.role(request.role)
    : (request.capabilities ?? []).map(title_of).join(', ');
  return (
    <li class="row request">
      <div class="row-main">
        <div class="row-what">
          <p class="row-title">
            <Said text={request.engineer} />
            <span class="row-asks">
              {words.requests.wants}{' '}
              <b>
                <Said text={asked} />
              </b>
              {request.duration && (
                <>
                  {' '}
                  {words.requests.for} <b>{say_duration(request.duration)}</b>
                </>
              )}
              {request.start && (
                <>
                  , {words.requests.starting} <When time={request.start} />
                </>
              )}
            </span>
          </p>
          <blockquote tabIndex={request.reason.length > 300 ? 0 : undefined}>
            <Said text={request.reason} />
          </blockquote>
          <p class="quiet">
            {request.ticket && (
              <>
                {words.requests.ticket} <Said text={request.ticket} /> ·{' '}
              </>
            )}
            {words.requests.asked}{' '}
            <Link href={`/requests/${segment(request.id)}`}>
              <When time={request.created} />
            </Link>
          </p>
        </div>
        {may_change && step === undefined && (
          <div class="buttons">
            <button type="button" class="primary" onClick={() => set_step('approve')}>
              {words.requests.approve}
            </button>
            <button type="button" onClick={() => set_step('refuse')}>
              {words.requests.refuse}
            </button>
          </div>
        )}
      </div>
      {step === 'approve' && <Approve request={request} title_of={title_of} on_done={() => set_step(undefined)} />}
      {step === 'refuse' && <Refuse request={request} on_done={() => set_step(undefined)} />}
    </li>
  );
}

interface StepProps {
  request: AccessRequest;
  on_done: () => void;
}

function Approve({ request, title_of, on_done }: StepProps & { title_of: (name: string) => string }) {
  const action = useAction();
  const asked = request.capabilities ?? [];
  const [role, set_role] = useState(request.role ?? '');
  const [chosen, set_chosen] = useState(asked);
  const [duration, set_duration] = useState(request.duration || words.requests.default_duration);
  const nothing = !role && chosen.length === 0;
  const submit = async () => {
    if (nothing) return;
    const body = role ? { role, duration } : { capabilities: chosen, duration };
    const done = await action.run(async () => {
      await call('POST', `/requests/${segment(request.id)}/approve`, body);
      return words.requests.approved(request.engineer);
    });
    if (done) on_done();
  };
  return (
    <Confirm
      says={words.requests.approve_will(request.engineer, say_duration(duration))}
      submit={words.requests.approve}
      action={action}
      on_submit={() => void submit()}
      on_cancel={on_done}
    >
      {request.role ? (
        <div class="fields">
          <RoleField role={role} on_change={set_role} />
          <DurationField value={duration} asked={request.duration} on_change={set_duration} />
        </div>
      ) : (
        <>
          <CapabilityChoice asked={asked} chosen={chosen} title_of={title_of} on_change={set_chosen} />
          <div class="fields">
            <DurationField value={duration} asked={request.duration} on_change={set_duration} />
          </div>
        </>
      )}
      {nothing && (
        <p class="field-error" role="alert">
          {words.requests.nothing_chosen}
        </p>
      )}
    </Confirm>
  );
}

function RoleField({ role, on_change }: { role: string; on_change: (role: string) => void }) {
  const id = useId();
  const roles = kRoles.includes(role) ? kRoles : [role, ...kRoles];
  return (
    <div class="field">
      <label for={id}>{words.requests.role_label}</label>
      <select id={id} value={role} onChange={(event) => on_change(event.currentTarget.value)}>
        {roles.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </div>
  );
}

function DurationField({
  value,
  asked,
  on_change,
}: {
  value: string;
  asked?: string | undefined;
  on_change: (value: string) => void;
}) {
  const id = useId();
  const choices = [...new Set([...(asked ? [asked] : []), ...kDurations])];
  return (
    <div class="field">
      <label for={id}>{words.requests.duration}</label>
      <select id={id} value={value} onChange={(event) => on_change(event.currentTarget.value)}>
        {choices.map((one) => (
          <option key={one} value={one}>
            {one === asked ? words.requests.as_asked(say_duration(one)) : say_duration(one)}
          </option>
        ))}
      </select>
    </div>
  );
}

interface ChoiceProps {
  asked: string[];
  chosen: string[];
  title_of: (name: string) => string;
  on_change: (chosen: string[]) => void;
}

function CapabilityChoice({ asked, chosen, title_of, on_change }: ChoiceProps) {
  const flip = (name: string) => on_change(asked.filter((one) => (one === name) !== chosen.includes(one)));
  return (
    <fieldset class="choice">
      <legend>{words.requests.capabilities}</legend>
      {asked.map((name) => (
        <label key={name}>
          <input type="checkbox" checked={chosen.includes(name)} onChange={() => flip(name)} />{' '}
          <Said text={title_of(name)} />
        </label>
      ))}
    </fieldset>
  );
}

function Refuse({ request, on_done }: StepProps) {
  const action = useAction();
  const id = useId();
  const [reason, set_reason] = useState('');
  const [missing, set_missing] = useState(false);
  const submit = async () => {
    if (!reason.trim()) return set_missing(true);
    const done = await action.run(async () => {
      await call('POST', `/requests/${segment(request.id)}/refuse`, { reason: reason.trim() });
      return words.requests.refused(request.engineer);
    });
    if (done) on_done();
  };
  return (
    <Confirm
      says=""
      submit={words.requests.refuse_submit}
      action={action}
      danger
      on_submit={() => void submit()}
      on_cancel={on_done}
    >
      <div class="field">
        <label for={id}>{words.requests.refuse_reason}</label>
        <textarea
          id={id}
          rows={2}
          maxLength={500}
          value={reason}
          aria-invalid={missing}
          onInput={(event) => {
            set_missing(false);
            set_reason(event.currentTarget.value);
          }}
        />
        {missing && (
          <p class="field-error" role="alert">
            {words.requests.refuse_missing}
          </p>
        )}
      </div>
    </Confirm>
  );
}
