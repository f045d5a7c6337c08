// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Place in the console -> page. The gateway answers every such path with the same document.
import type { ComponentType } from 'preact';
import { OverviewPage } from './pages/overview';
import type { Rights } from './sections/rights';
import { words } from './text';

const kRoutes: Record<string, ComponentType<Rights>> = { '/': OverviewPage };

export const page_at = (path: string): ComponentType<Rights> => kRoutes[path] ?? NotFoundPage;

function NotFoundPage() {
  return (
    <div class="lonely">
      <h1>{words.not_found.title}</h1>
      <p>
        <a href="/">{words.not_found.back}</a>
      </p>
    </div>
  );
}
