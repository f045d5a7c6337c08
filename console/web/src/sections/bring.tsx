// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A grant that was signed elsewhere: whoever brings it adds nothing to it.
import { useId, useState } from 'preact/hooks';
import { call } from '../api/client';
import type { Grant } from '../api/types';
import { Confirm } from '../components/confirm';
import { useAction } from '../state/action';
import { parts } from '../state/live';
import { useStore } from '../state/store';
import { words } from '../text';
import { say_given } from './give';

const kMostBytes = 32 * 1024; // as certs/signed_grant.h says it

// Whether signed documents alone give access here.
export const useSignedOnly = (): boolean => useStore(parts.status).value?.grants?.signed_only ?? false;

export function BringGrant() {
  const signers = useStore(parts.status).value?.grants?.signers ?? [];
  const [open, set_open] = useState(false);
  if (signers.length === 0) return null;
  if (open) return <BringForm on_done={() => set_open(false)} />;
  return (
    <p class="leads">
      <button type="button" onClick={() => set_open(true)}>
        {words.signed.bring}
      </button>
    </p>
  );
}

function BringForm({ on_done }: { on_done: () => void }) {
  const id = useId();
  const action = useAction();
  const [document, set_document] = useState('');
  const [wrong, set_wrong] = useState('');
  const read = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > kMostBytes) return set_wrong(words.signed.too_large);
    set_wrong('');
    set_document(await file.text());
  };
  const submit = async () => {
    if (!document.trim()) return set_wrong(words.signed.missing);
    const done = await action.run(async () => say_given(await call<Grant>('POST', '/grants/signed', { document }), 1));
    if (done) on_done();
  };
  return (
    <Confirm says={words.signed.says} submit={words.signed.submit} action={action} on_submit={() => void submit()} on_cancel={on_done}>
      <div class="field">
        <label for={`${id}-file`}>{words.signed.file}</label>
        <input id={`${id}-file`} type="file" onChange={(event) => void read(event.currentTarget.files?.[0])} />
      </div>
      <div class="field document">
        <label for={`${id}-text`}>{words.signed.text}</label>
        <textarea
          id={`${id}-text`}
          rows={12}
          maxLength={kMostBytes}
          spellcheck={false}
          value={document}
          aria-invalid={wrong !== ''}
          onInput={(event) => {
            set_wrong('');
            set_document(event.currentTarget.value);
          }}
        />
        {wrong && (
          <p class="field-error" role="alert">
            {wrong}
          </p>
        )}
      </div>
    </Confirm>
  );
}
