// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the vendor says of an update, line by line as it was written.
import { Said } from './said';

interface NotesProps {
  notes: string | undefined;
  label: string;
  none: string; // what stands there if nothing was said
}

export function UpdateNotes({ notes, label, none }: NotesProps) {
  if (!notes) return <p class="quiet">{none}</p>;
  return (
    <pre class="update-notes" tabIndex={0} aria-label={label}>
      {notes.split('\n').map((line, index) => (
        <span key={index}>
          <Said text={line} />
          {'\n'}
        </span>
      ))}
    </pre>
  );
}
