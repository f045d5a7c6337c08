// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Filters stand in the address: a list that was found can be sent to somebody, and gone back to. A select acts at once, a
// text when it is entered.
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { go, place, usePlace, with_query } from '../router';
import { words } from '../text';

export function FilterBar({ children }: { children: ComponentChildren }) {
  const { path, query } = usePlace();
  return (
    <form class="filters no-print" role="search" aria-label={words.filters.label} onSubmit={(event) => event.preventDefault()}>
      {children}
      {[...query.keys()].length > 0 && (
        <button type="button" class="ghost" onClick={() => go(path)}>
          {words.filters.clear}
        </button>
      )}
    </form>
  );
}

const set = (name: string, value: string) => go(with_query({ [name]: value }));

interface TextFilterProps {
  name: string;
  label: string;
  wide?: boolean;
}

export function TextFilter({ name, label, wide = false }: TextFilterProps) {
  const id = useId();
  const asked = usePlace().query.get(name) ?? '';
  const [text, set_text] = useState(asked);
  // Only when the address changed: an effect comes a moment late, and what was typed meanwhile would be gone.
  const shown = useRef(asked);
  useEffect(() => {
    if (shown.current === asked) return;
    shown.current = asked;
    set_text(asked);
  }, [asked]);
  const enter = (typed: string) => {
    if (typed.trim() !== (place.get().query.get(name) ?? '')) set(name, typed.trim());
  };
  return (
    <div class={`field${wide ? ' wide' : ''}`}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="search"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => set_text(event.currentTarget.value)}
        onBlur={(event) => enter(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') enter(event.currentTarget.value);
        }}
      />
    </div>
  );
}

interface ChoiceFilterProps {
  name: string;
  label: string;
  none: string;
  choices: Record<string, string>;
}

export function ChoiceFilter({ name, label, none, choices }: ChoiceFilterProps) {
  const id = useId();
  const asked = usePlace().query.get(name) ?? '';
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={asked in choices ? asked : ''} onChange={(event) => set(name, event.currentTarget.value)}>
        <option value="">{none}</option>
        {Object.entries(choices).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

// since and until: a span that ends now, or both ends in the reader's own zone.
export function TimeFilter() {
  const id = useId();
  const { query } = usePlace();
  const [since, until] = [query.get('since') ?? '', query.get('until') ?? ''];
  const custom = until !== '' || (since !== '' && !(since in words.when.spans)) || query.has('custom');
  const choose = (value: string) =>
    go(with_query({ since: value === 'custom' ? '' : value, until: '', custom: value === 'custom' ? '1' : '' }));
  return (
    <>
      <div class="field">
        <label for={id}>{words.when.label}</label>
        <select id={id} value={custom ? 'custom' : since} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">{words.when.any}</option>
          {Object.entries(words.when.spans).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
          <option value="custom">{words.when.custom}</option>
        </select>
      </div>
      {custom && <MomentFilter name="since" label={words.when.from} value={since} />}
      {custom && <MomentFilter name="until" label={words.when.to} value={until} />}
    </>
  );
}

function MomentFilter({ name, label, value }: { name: string; label: string; value: string }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="datetime-local"
        value={local_of(value)}
        onChange={(event) => {
          const date = new Date(event.currentTarget.value);
          set(name, Number.isNaN(date.getTime()) ? '' : date.toISOString());
        }}
      />
    </div>
  );
}

function local_of(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
