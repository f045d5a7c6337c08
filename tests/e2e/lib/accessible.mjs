// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What axe-core finds wrong with a page, as a phone and a desktop show it, light and dark. The rules run in the browser's
// isolated world: the page's Content-Security-Policy stays as it is.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const sayNode = (node) => `${node.target.join(" ")}: ${node.failureSummary?.replace(/\s+/g, " ")}`;

// violations: [] or a sentence for each.
export const violations = async (page) => {
  const found = [];
  const before = page.viewportSize();
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  for (const colorScheme of ["light", "dark"])
    for (const width of [390, 1280]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 800 });
      const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
      await session.send("Runtime.evaluate", { expression: axe, contextId });
      const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
        expression: "axe.run(document, { resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations))",
        contextId,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails) throw new Error(`axe-core: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
      for (const one of JSON.parse(result.value))
        found.push(`${colorScheme} ${width}: ${one.id} (${one.help}): ${one.nodes.slice(0, 3).map(sayNode).join(" | ")}`);
    }
  await session.detach();
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  await page.setViewportSize(before);
  return found;
};
