// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { named_place } from '../api/passkey';
import { words } from '../text';

// Where the console was opened by its address: where passkeys would work.
export function PasskeyHint() {
  const place = named_place();
  if (!place) return <p class="hint">{words.passkey.by_name_unknown}</p>;
  return (
    <p class="hint">
      {words.passkey.by_name}: <a href={place}>{place}</a>
    </p>
  );
}
