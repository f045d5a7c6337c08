// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Access requests that wait for a decision. The approver sees exactly what is asked for and may give less, or another time.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { segment } from '../api/client';
import type { AccessRequest } from '../api/types';
import { Body, Empty } from '../components/notice';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { Approvals, short_name, Talk } from '../components/talk';
import { When } from '../components/when';
import { Link } from '../router';
import { parts, refresh } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import { say_duration } from '../time';
import { StepButtons, StepForm, type Step } from './request_steps';
import type { Rights } from './rights';

export function RequestsSection({ may_change, aside }: Rights & { aside?: ComponentChildren }) {
  const part = useStore(parts.requests);
  return (
    <Section id="requests" title={may_change ? words.requests.title : words.requests.title_read_only} count={part.value?.length} aside={aside}>
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
  const [step, set_step] = useState<Step>(undefined);
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
          {request.reason && (
            <blockquote tabIndex={request.reason.length > 300 ? 0 : undefined}>
              <Said text={request.reason} />
            </blockquote>
          )}
          <Approvals request={request} />
          <Talk request={request} />
          <p class="quiet">
            {request.asked_by && (
              <>
                <Said text={words.approvals.asked_by(short_name(request.asked_by))} /> ·{' '}
              </>
            )}
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
        {may_change && step === undefined && <StepButtons request={request} on_step={set_step} />}
      </div>
      <StepForm step={step} request={request} on_done={() => set_step(undefined)} />
    </li>
  );
}
