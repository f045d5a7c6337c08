// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The head of a page: its name, what it is for in a sentence, what can be done with all of it.
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { make_store } from '../state/store';
import { Said } from './said';

// What the window's title says beyond the page's name: the engineer of a session, say.
export const subject = make_store('');

interface PageHeadProps {
  title: string;
  says?: ComponentChildren;
  about?: string; // also for the window's title
  children?: ComponentChildren;
}

export function PageHead({ title, says, about = '', children }: PageHeadProps) {
  useEffect(() => {
    subject.set(about);
    return () => subject.set('');
  }, [about]);
  return (
    <header class="page-head">
      <div>
        <h1 id="page-title" tabIndex={-1}>
          <Said text={title} />
        </h1>
        {says && <p class="page-says">{says}</p>}
      </div>
      {children && <div class="buttons no-print">{children}</div>}
    </header>
  );
}
