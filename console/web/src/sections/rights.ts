// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An auditor reads and changes nothing. The gateway enforces it; the console only does not offer what would be refused.
export interface Rights {
  may_change: boolean;
}
