// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What of a kind that is shared may be kept back, field by field, and what would be sent now.
import { useState } from 'preact/hooks';
import { call, segment } from '../api/client';
import type { Preview, SharedField, Sharing } from '../api/types';
import { Body, Trouble } from '../components/notice';
import { plain, Said } from '../components/said';
import { useAction } from '../state/action';
import { useEvery, useLoaded } from '../state/loaded';
import { words } from '../text';
import type { Rights } from './rights';

const kLookMs = 5_000;
const text = words.mission.sharing;

export function SharedFields({ sharing, name, may_change, on_changed }: { sharing: Sharing; name: string; on_changed: () => void } & Rights) {
  const fields = sharing.fields ?? [];
  const told = fields.filter((one) => one.setting === 'on').length;
  const [shows, set_shows] = useState(false);
  return (
    <>
      <details class="shared-fields">
        <summary>
          <Said text={text.fields(name, told, fields.length)} />
        </summary>
        <ul class="checks">
          {fields.map((field) => (
            <FieldRow key={field.name} field={field} may_change={may_change} on_changed={on_changed} />
          ))}
        </ul>
      </details>
      <details class="shared-fields" onToggle={(event) => set_shows(event.currentTarget.open)}>
        <summary>
          <Said text={text.preview(name)} />
        </summary>
        {shows && <PreviewOf kind={sharing.name} name={name} />}
      </details>
    </>
  );
}

// The box is as the gateway has it: what was chosen is shown once it is so.
function FieldRow({ field, may_change, on_changed }: { field: SharedField; on_changed: () => void } & Rights) {
  const action = useAction();
  const change = async (setting: SharedField['setting']) => {
    await action.run(async () => {
      await call<Sharing>('PUT', `/sharing/${segment(field.name)}`, { setting });
      return text.done(field.title, text.settings[setting]);
    });
    on_changed();
  };
  return (
    <li>
      <label class="check">
        <input
          type="checkbox"
          checked={field.setting === 'on'}
          disabled={!may_change || action.busy}
          onClick={(event) => {
            event.preventDefault();
            void change(field.setting === 'on' ? 'off' : 'on');
          }}
        />
        <span>
          <Said text={field.title} />
        </span>
      </label>
      <Trouble problem={action.problem} />
    </li>
  );
}

function PreviewOf({ kind, name }: { kind: string; name: string }) {
  const { part, reload } = useLoaded(`preview-${kind}`, () => call<Preview>('GET', `/link/preview/${segment(kind)}`));
  useEvery(kLookMs, reload);
  return (
    <Body part={part} what={text.preview(name)} retry={reload}>
      {(preview) => (
        <>
          <p class="quiet">{preview.shared ? text.preview_says : text.preview_off}</p>
          <pre tabIndex={0} aria-label={plain(text.preview(name))}>
            <bdi>{plain(JSON.stringify(preview.body, null, 2))}</bdi>
          </pre>
        </>
      )}
    </Body>
  );
}
