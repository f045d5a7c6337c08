// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Something that is shown once, held only in this page's memory, and gone when closed.
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { said } from '../state/action';
import { words } from '../text';
import { plain, Said } from './said';

interface ShownOnceProps {
  title: string;
  says: string;
  value: string;
  on_close: () => void;
  children?: ComponentChildren;
}

export function ShownOnce({ title, says, value, on_close, children }: ShownOnceProps) {
  const [copied, set_copied] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      set_copied(true);
      said.set(words.admins.copied);
    } catch {
      field.current?.select();
      said.set(words.admins.copy_failed);
    }
  };
  return (
    <div class="confirm pass" role="group" aria-label={plain(title)}>
      <p class="confirm-says">
        <strong>
          <Said text={title} />
        </strong>{' '}
        {says}
      </p>
      <div class="copy">
        <input ref={field} readOnly aria-label={plain(title)} value={value} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" class="primary" onClick={() => void copy()}>
          {copied ? words.admins.copied : words.admins.copy}
        </button>
      </div>
      <p class="quiet">
        {children}{' '}
        <button type="button" class="link" onClick={on_close}>
          {words.close}
        </button>
      </p>
    </div>
  );
}
