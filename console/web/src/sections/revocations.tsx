// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is fetched about revocations: each list and each answer, how old it is, and what hinders it.
import type { GatewayStatus, Revocation } from '../api/types';
import { Said } from '../components/said';
import { When } from '../components/when';
import { words } from '../text';

// Nothing is at hand, or no more: under `revocation: hard` the door is closed for whoever it would speak for.
const is_without = (one: Revocation) => !one.until || one.over === true;
export const hindered = (status: GatewayStatus): Revocation[] => (status.revocations ?? []).filter((one) => one.why);

const health = (one: Revocation) => (one.revoked ? 'warn' : !one.why ? 'good' : is_without(one) ? 'bad' : 'warn');
const named = (one: Revocation) => one.lists?.reduce((sum, list) => sum + list.revoked, 0) ?? 0;

export function Revocations({ status }: { status: GatewayStatus }) {
  return (
    <>
      {(status.revocations ?? []).map((one) => (
        <li key={one.url + one.whose + (one.subject ?? '')} class={`fact-${health(one)}`}>
          <span class="dot" aria-hidden="true" />
          <b>{one.evidence === 'crl' ? words.home.revocations.list : <Said text={one.subject ?? ''} />}</b>{' '}
          <code class="clip">
            <Said text={one.url} />
          </code>{' '}
          {one.until && (
            <span class="quiet">
              {one.evidence === 'crl' && words.home.revocations.names(named(one))}
              {words.home.revocations.until(one.over === true)} <When time={one.until} />
            </span>
          )}
          {one.fetched && (
            <span class="quiet">
              {', '}
              {words.home.revocations.fetched} <When time={one.fetched} />
            </span>
          )}
          {one.revoked && (
            <small>
              <Said text={one.revoked} />
            </small>
          )}
          {one.why && (
            <small>
              {words.home.revocations.failed} <Said text={one.why} />
            </small>
          )}
        </li>
      ))}
    </>
  );
}
