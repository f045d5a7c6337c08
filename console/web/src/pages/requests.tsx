// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who asks, what holds because of it, and what was decided before.
import { items, segment } from '../api/client';
import type { AccessRequest } from '../api/types';
import { Body, Empty } from '../components/notice';
import { PageHead } from '../components/page';
import { Said } from '../components/said';
import { Section } from '../components/section';
import { When } from '../components/when';
import { Link } from '../router';
import type { PageProps } from '../routes';
import { BringGrant, useSignedOnly } from '../sections/bring';
import { GiveAccess } from '../sections/give';
import { GrantsSection } from '../sections/grants';
import { HoldsSection } from '../sections/holds';
import { NotificationsSection } from '../sections/notifications';
import { ProposalsSection } from '../sections/proposals';
import { RequestsSection } from '../sections/requests';
import { parts } from '../state/live';
import { useLoaded } from '../state/loaded';
import { useStore } from '../state/store';
import { words } from '../text';

export function RequestsPage({ may_change }: PageProps) {
  const signed_only = useSignedOnly();
  return (
    <>
      <PageHead title={words.nav.requests} says={words.request.list_says} />
      <div class="column">
        <HoldsSection may_change={may_change} />
        <RequestsSection may_change={may_change} />
        <ProposalsSection may_change={may_change} />
        <GrantsSection may_change={may_change} />
        {signed_only && <p class="note">{words.signed.only}</p>}
        {may_change && !signed_only && <GiveAccess />}
        {may_change && <BringGrant />}
        <Decided />
        <NotificationsSection may_change={may_change} />
      </div>
    </>
  );
}

function Decided() {
  const waiting = useStore(parts.requests).value?.map((one) => one.id).join(' ') ?? '';
  const { part, reload } = useLoaded(`decided ${waiting}`, async () =>
    (await items<AccessRequest>('/requests')).filter((one) => one.state !== 'pending'),
  );
  return (
    <Section id="decided" title={words.request.decided} count={part.value?.length}>
      <Body part={part} what={words.request.decided} retry={reload}>
        {(all) =>
          all.length === 0 ? (
            <Empty>{words.request.decided_empty}</Empty>
          ) : (
            <ul class="rows">
              {all.map((one) => (
                <li class="row" key={one.id}>
                  <div class="row-main">
                    <div class="row-what">
                      <p class="row-title">
                        <Link href={`/requests/${segment(one.id)}`}>
                          <Said text={one.engineer} />
                        </Link>
                        <span class="row-asks">
                          <Said text={one.role ? words.requests.role(one.role) : (one.capabilities ?? []).join(', ')} />
                        </span>
                      </p>
                      <p class="row-says clamp">
                        {one.ticket && (
                          <>
                            <Said text={one.ticket} /> ·{' '}
                          </>
                        )}
                        <Said text={one.reason} />
                      </p>
                    </div>
                    <div class="row-set">
                      <span class={`badge ${one.state === 'approved' ? 'badge-on' : ''}`}>{words.request.states[one.state]}</span>
                      <span class="quiet">
                        <When time={one.decided ?? one.created} />
                      </span>
                    </div>
                  </div>
                </li>
              ))}
            </ul>
          )
        }
      </Body>
    </Section>
  );
}
