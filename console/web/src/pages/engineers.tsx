// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { PageHead } from '../components/page';
import type { PageProps } from '../routes';
import { EngineersSection } from '../sections/engineers';
import { words } from '../text';

export function EngineersPage({ may_change }: PageProps) {
  return (
    <>
      <PageHead title={words.nav.engineers} says={words.engineers.says} />
      <EngineersSection may_change={may_change} />
    </>
  );
}
