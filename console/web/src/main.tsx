// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import { render } from 'preact';
import { App } from './app';
import './style/tokens.css';
import './style/base.css';
import './style/console.css';

const root = document.getElementById('app');
if (root) render(<App />, root);
