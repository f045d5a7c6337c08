// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
    <rect width="32" height="32" rx="7" />
    <path d="M9 25V14a7 7 0 0 1 14 0v11h-4V14a3 3 0 0 0-6 0v11z" />
  </svg>
);
