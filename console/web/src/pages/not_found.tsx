// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { Link } from '../router';
import { words } from '../text';

export function NotFoundPage() {
  return (
    <div class="lonely">
      <h1 id="page-title" tabIndex={-1}>
        {words.not_found.title}
      </h1>
      <p>{words.not_found.says}</p>
      <p>
        <Link href="/">{words.not_found.back}</Link>
      </p>
    </div>
  );
}
