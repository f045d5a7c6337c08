// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
