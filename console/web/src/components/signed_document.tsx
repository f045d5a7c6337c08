// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One of the vendor's signed documents: which version it is, and how long it is good.
import { words } from '../text';
import { Left, When } from './when';

const text = words.updates.document;

export const SignedDocument = ({ one }: { one: { version: number; expires: string } }) => (
  <>
    {text.version(one.version)} <When time={one.expires} />{' '}
    {new Date(one.expires).getTime() <= Date.now() ? (
      <strong>({text.over})</strong>
    ) : (
      <span class="quiet">
        ({text.left} <Left until={one.expires} />)
      </span>
    )}
  </>
);
