// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is known of one thing, as names and values. What is not known is left out.
import type { ComponentChildren } from 'preact';
import { Said } from './said';

export type Fact = [name: string, value: ComponentChildren];

export const Facts = ({ facts }: { facts: Fact[] }) => (
  <dl class="facts-list">
    {facts
      .filter(([, value]) => value !== undefined && value !== '' && value !== false && value !== null)
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === 'string' ? <Said text={value} /> : value}</dd>
        </div>
      ))}
  </dl>
);
