// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One request, or one grant: what was said, who decided, and what came of it.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, segment } from '../api/client';
import type { AccessRequest, Grant, Terms } from '../api/types';
import { Facts } from '../components/facts';
import { Body } from '../components/notice';
import { PageHead } from '../components/page';
import { Said } from '../components/said';
import { Approvals, short_name, Talk } from '../components/talk';
import { When } from '../components/when';
import { Link, url_of } from '../router';
import type { PageProps } from '../routes';
import { StepButtons, StepForm, type Step } from '../sections/request_steps';
import { parts } from '../state/live';
import { useLoaded } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';
import { say_duration } from '../time';

interface OneProps<T> {
  title: string;
  path: string;
  id: string;
  fresh?: string; // another one is another answer
  children: (value: T) => ComponentChildren;
}

function One<T>({ title, path, id, fresh = '', children }: OneProps<T>) {
  const { part, reload } = useLoaded(path, () => get<T>(path));
  const seen = useRef(fresh);
  useEffect(() => {
    if (seen.current !== fresh) reload();
    seen.current = fresh;
  }, [fresh, reload]);
  return (
    <>
      <p class="crumb no-print">
        <Link href="/requests">{words.request.all}</Link>
      </p>
      <PageHead title={title} about={id} says={<code><Said text={id} /></code>} />
      <section class="panel">
        <Body part={part} what={title} retry={reload}>
          {(value) => (
            <div class="inset">
              {children(value)}
              <p class="leads">
                <Link href={url_of('/events', { text: id })}>{words.request.events}</Link>
              </p>
            </div>
          )}
        </Body>
      </section>
    </>
  );
}

const say_terms = (terms: Terms): string =>
  [terms.role ? words.requests.role(terms.role) : (terms.capabilities ?? []).join(', '), terms.duration && say_duration(terms.duration)]
    .filter(Boolean)
    .join(' · ');

// Follows what is said and decided about the request while it is looked at.
export function RequestPage({ id, may_change }: PageProps) {
  const waiting = useStore(parts.requests).value?.find((one) => one.id === id);
  const [step, set_step] = useState<Step>(undefined);
  return (
    <One<AccessRequest>
      title={words.request.title}
      path={`/requests/${segment(id)}`}
      id={id}
      fresh={waiting ? JSON.stringify(waiting) : 'decided'}
    >
      {(one) => (
        <>
          <RequestFacts one={one} />
          <Approvals request={one} />
          <Talk request={one} />
          {may_change && one.state === 'pending' && step === undefined && <StepButtons request={one} on_step={set_step} />}
          {one.state === 'pending' && <StepForm step={step} request={one} on_done={() => set_step(undefined)} />}
          {one.ticket && (
            <p class="leads">
              <Link href={url_of('/sessions/past', { ticket: one.ticket })}>{words.request.sessions}</Link>
            </p>
          )}
        </>
      )}
    </One>
  );
}

function RequestFacts({ one }: { one: AccessRequest }) {
  const grant = one.extends ?? '';
  const approved_by = (one.approvals ?? []).map((by) => short_name(by.by)).join(', ');
  return (
    <Facts
      facts={[
        [words.request.engineer, one.engineer],
        [words.request.state, words.request.states[one.state] ?? one.state],
        [words.approvals.asked_for, one.asked && say_terms(one.asked)],
        [one.asked ? words.approvals.offer(one.state === 'approved') : words.request.asks_for, one.role ? words.requests.role(one.role) : (one.capabilities ?? []).join(', ')],
        [words.request.reason, one.reason],
        [words.request.ticket, one.ticket],
        [words.request.duration, one.duration && say_duration(one.duration)],
        [words.request.start, one.start && <When time={one.start} />],
        [
          words.approvals.extends,
          grant && (
            <Link href={`/requests/grant/${segment(grant)}`}>
              <Said text={grant} />
            </Link>
          ),
        ],
        [words.request.created, <When key="c" time={one.created} />],
        [words.request.by, one.asked_by && words.approvals.asked_by(short_name(one.asked_by))],
        [words.approvals.given_by, one.state !== 'pending' && approved_by],
        [words.request.decided_at, one.decided && <When time={one.decided} />],
        [words.request.decided_by, one.by && short_name(one.by)],
        [words.request.note, one.note],
      ]}
    />
  );
}

export function GrantPage({ id }: PageProps) {
  return (
    <One<Grant> title={words.request.grant_title} path={`/grants/${segment(id)}`} id={id}>
      {(one) => (
        <Facts
          facts={[
            [words.request.engineer, one.engineer],
            [words.request.state, words.request.grant_states[one.state] ?? one.state],
            [words.approvals.what, one.capabilities.join(', ')],
            [words.request.reason, one.reason],
            [words.request.ticket, one.ticket],
            [words.request.given_by, one.by && short_name(one.by)],
            [words.request.signed_by, one.signed_by?.join(', ')],
            [words.request.most, words.request.at_most(one.most_exchanges, one.most_response_bytes)],
            [words.request.start, <When key="f" time={one.from} />],
            [words.request.until, <When key="u" time={one.until} />],
            [words.request.ended, words.request.reasons[one.ended_reason ?? ''] ?? one.ended_reason],
            [
              words.request.request,
              one.request && (
                <Link href={`/requests/${segment(one.request)}`}>
                  <Said text={one.request} />
                </Link>
              ),
            ],
          ]}
        />
      )}
    </One>
  );
}
