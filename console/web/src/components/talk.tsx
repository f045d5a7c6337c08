// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What was asked back about a request and what was answered; and who has approved it.
import type { AccessRequest } from '../api/types';
import { words } from '../text';
import { Said } from './said';
import { When } from './when';

export const short_name = (actor: string): string =>
  actor.startsWith('mission-control:') ? `${actor.slice('mission-control:'.length)} (Mission Control)` : actor.replace(/^[a-z]+:/, '');

export function Talk({ request }: { request: AccessRequest }) {
  const talk = request.talk ?? [];
  if (talk.length === 0) return null;
  const open = request.state === 'pending' && talk[talk.length - 1]?.by.startsWith('admin:');
  return (
    <div class="talk" aria-live="polite">
      <ol aria-label={words.approvals.talk}>
        {talk.map((one) => (
          <li key={one.at + one.by}>
            <p class="quiet">
              <b>
                <Said text={short_name(one.by)} />
              </b>{' '}
              <When time={one.at} />
            </p>
            <p>
              <Said text={one.text} />
            </p>
          </li>
        ))}
      </ol>
      {open && <p class="quiet">{words.approvals.open_question}</p>}
    </div>
  );
}

// Nothing where one approval is enough and none is there.
export function Approvals({ request }: { request: AccessRequest }) {
  const given = request.approvals ?? [];
  const needed = request.approvals_needed ?? 1;
  if (needed < 2 || request.state !== 'pending') return null;
  return (
    <p class="row-says">
      <span class="badge">{words.approvals.of(given.length, needed)}</span>{' '}
      {given.length > 0 && (
        <>
          {words.approvals.given_by} <Said text={given.map((one) => short_name(one.by)).join(', ')} />.{' '}
        </>
      )}
      {given.length < needed && words.approvals.missing(needed - given.length)}
    </p>
  );
}
