// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { violations } from "./accessible.mjs";
import { look } from "./browser.mjs";
import { until } from "./owned.mjs";

// inspector: a function (page, name) that finds nothing wrong with the page as it is now, sees that it is not wider than a phone, and takes
// its pictures under that story's name.
export const inspector = (story) => async (page, name) => {
  assert.deepEqual(await violations(page), [], name);
  const before = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 800 });
  await until(`${name} fits a phone`, () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
  await page.setViewportSize(before);
  await look(page, `${story}-${name}`);
};
