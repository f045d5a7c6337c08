// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The page of Mission Control, of the parts that the console's page is made of.
import './words';
import { render } from 'preact';
import { face } from '../state/accounts';
import '../style/tokens.css';
import '../style/base.css';
import '../style/console.css';
import '../style/mission.css';
import { App } from './app';

face.people = '/people';
face.roles = ['viewer', 'operator', 'administrator'];

const root = document.getElementById('app');
if (root) render(<App />, root);
