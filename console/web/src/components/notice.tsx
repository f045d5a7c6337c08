// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong is said where it was caused: a Trouble stands beside its control, a Body stands in for what it shows.
import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/client';
import type { Part } from '../state/accounts';
import { words } from '../text';
import { Said } from './said';

export function Trouble({ problem }: { problem: Problem | undefined }) {
  if (!problem) return null;
  return (
    <p class="trouble" role="alert">
      <strong>
        <Said text={problem.title} />
      </strong>
      {problem.detail && (
        <>
          {' '}
          <Said text={problem.detail} />
        </>
      )}
      {problem.event && (
        <small>
          {words.problem.event}{' '}
          <code>
            <Said text={problem.event} />
          </code>
        </small>
      )}
    </p>
  );
}

export const Empty = ({ children }: { children: ComponentChildren }) => <p class="empty">{children}</p>;

interface BodyProps<T> {
  part: Part<T>;
  what: string;
  retry: () => void;
  children: (value: T) => ComponentChildren;
}

// Loading, failed, or the value; a value that may be out of date says so.
export function Body<T>({ part, what, retry, children }: BodyProps<T>) {
  return (
    <>
      {part.problem && (
        <div class="inset">
          <Trouble problem={part.problem} />
          <p class="hint">
            {part.value === undefined ? words.problem.while_loading(what) : words.problem.stale}{' '}
            <button type="button" class="link" onClick={retry}>
              {words.retry}
            </button>
          </p>
        </div>
      )}
      {part.value === undefined && !part.problem && (
        <div class="loading" role="status">
          {words.loading}
        </div>
      )}
      {part.value !== undefined && children(part.value)}
    </>
  );
}
