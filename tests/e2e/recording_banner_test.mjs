// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The component's pages say that the session is recorded, where the policy wants it, and work as without: pages of every kind, and
// Prometheus' own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { violations } from "./lib/accessible.mjs";
import { Browser, look } from "./lib/browser.mjs";
import { LittleComponent, Monitoring } from "./lib/component.mjs";
import { Gateway, quickstartPolicy } from "./lib/gateway.mjs";
import { story } from "./lib/story.mjs";

const text = "A page with a heading";
const whole = `<!doctype html><html lang="en"><head><title>Page</title></head><body><main><h1>${text}</h1></main></body></html>`;
const pages = {
  "/whole": { body: whole },
  "/packed": { body: gzipSync(whole), head: { "Content-Encoding": "gzip" } },
  "/loose": { body: `<title>Page</title><h1>${text}</h1><p>no end tags at all` },
  "/own-scripts-only": { body: whole, head: { "Content-Security-Policy": "default-src 'self'" } },
  "/no-scripts": { body: whole, head: { "Content-Security-Policy": "default-src 'none'" } },
  "/sandbox": { body: whole, head: { "Content-Security-Policy": "sandbox" } },
  "/types": { body: whole, head: { "Content-Security-Policy": "require-trusted-types-for 'script'; default-src 'self'" } },
  "/replaces": { body: `${whole}<script>addEventListener("load", () => { document.body.innerHTML = "<h1>${text}</h1>"; });</script>` },
  "/fragment": { body: `<h1>${text}</h1>` },
  "/favicon.ico": { body: "", head: { "Content-Type": "image/x-icon" } },
  "/framed": { body: `<!doctype html><title>Frame</title><h1>${text}</h1><iframe src="/whole"></iframe>` },
};

const answer = (request, response) => {
  const page = pages[request.url];
  if (!page) return response.writeHead(404).end();
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Length": Buffer.byteLength(page.body), ...page.head }).end(page.body);
};

const policy = (banner) => `version: 1
banner: ${banner}
capabilities:
  pages: { title: See pages, class: read, operations: [ "GET /**" ] }
`;

const open = async (stage, gateway, browser) => {
  const alice = await gateway.signIn("alice");
  const page = await browser.page();
  await page.context().addCookies([{ name: "__Host-postern", value: alice.secret, url: gateway.url, secure: true, httpOnly: true, sameSite: "Lax" }]);
  return { alice, page };
};

story("the component's pages say that the session is recorded", async (stage) => {
  const component = stage.own(await LittleComponent.start(answer));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy: policy(true) }));
  const browser = stage.own(await Browser.start());
  await gateway.admit("alice", ["pages"]);
  const { alice, page } = await open(stage, gateway, browser);
  const banner = page.locator("postern-banner").getByRole("complementary");

  for (const path of ["/whole", "/packed", "/loose", "/own-scripts-only", "/types", "/replaces"])
    await stage.step(`${path} has the banner, and is what it was`, async () => {
      await page.goto(gateway.url + path, { waitUntil: "load" });
      await banner.getByText("This session is recorded").waitFor();
      await banner.getByText(/\d:\d\d left/).waitFor();
      assert.equal(await page.locator("h1").innerText(), text);
      assert.equal(await page.locator("script[src*=banner]").count(), 0, "the element that brought it is gone");
      assert.deepEqual(page.troubles, []);
    });

  for (const path of ["/no-scripts", "/sandbox"])
    await stage.step(`${path} allows no script: no banner, and nothing else differs`, async () => {
      await page.goto(gateway.url + path, { waitUntil: "load" });
      assert.equal(await page.locator("h1").innerText(), text);
      assert.equal(await page.locator("postern-banner").count(), 0);
      page.troubles.length = 0; // the browser says what the policy of the page kept out
    });

  await stage.step("what a script fetches stays as it is, byte for byte", async () => {
    await page.goto(`${gateway.url}/whole`);
    assert.equal(await page.evaluate(async () => (await fetch("/fragment")).text()), pages["/fragment"].body);
    assert.equal((await alice.fetch("/fragment")).text, pages["/fragment"].body);
  });

  await stage.step("a frame has none of its own", async () => {
    await page.goto(`${gateway.url}/framed`, { waitUntil: "load" });
    await banner.getByText("This session is recorded").waitFor();
    const frame = page.frames().find((one) => one.url().endsWith("/whole"));
    assert.equal(await frame.locator("postern-banner").count(), 0);
  });

  await stage.step("it gets small with the keyboard, and stays so on the next page", async () => {
    await page.goto(`${gateway.url}/whole`);
    await banner.waitFor();
    await look(page, "engineer-banner");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await banner.getByText("This session is recorded").waitFor({ state: "hidden" });
    await page.goto(`${gateway.url}/loose`);
    await banner.getByRole("button", { name: /Show more/ }).waitFor();
    assert.ok(await banner.getByText("This session is recorded").isHidden());
    await look(page, "engineer-banner-small");
    await banner.getByRole("button", { name: /Show more/ }).click();
    await banner.getByText("This session is recorded").waitFor();
  });

  await stage.step("it can be read by everybody, light and dark", async () => {
    await page.goto(`${gateway.url}/whole`);
    await banner.waitFor();
    assert.deepEqual(await violations(page), []);
  });

  await stage.step("without the policy's word there is none", async () => {
    gateway.writePolicy(policy(false));
    await gateway.cli("reload");
    await page.goto(`${gateway.url}/whole`, { waitUntil: "networkidle" });
    assert.equal((await alice.fetch("/whole", { headers: { "Sec-Fetch-Dest": "document" } })).text, whole);
    assert.equal(await page.locator("postern-banner").count(), 0);
  });
});

story("Prometheus' own pages work with the banner on top", async (stage) => {
  const component = stage.own(await Monitoring.start());
  const gateway = stage.own(
    await Gateway.start({ services: component.services, policy: `${readFileSync(quickstartPolicy, "utf8")}\nbanner: true\n` }),
  );
  const browser = stage.own(await Browser.start());
  await gateway.admit("alice", ["metrics.read", "targets.read", "alerts.read"]);
  const { page } = await open(stage, gateway, browser);

  const classic = "/prometheus/classic/graph";
  await stage.step("a query is answered, the banner stays, and nothing goes wrong that does not without it", async () => {
    const direct = await browser.page();
    await direct.goto(component.services.prometheus + classic, { waitUntil: "networkidle" });
    await page.goto(gateway.url + classic, { waitUntil: "networkidle" });
    await page.locator("[name=expr], textarea, input.expression_input").first().fill("vector(42)");
    await page.getByRole("button", { name: "Execute" }).first().click();
    await page.locator("table td", { hasText: /^42$/ }).first().waitFor({ timeout: 30_000 });
    await page.locator("postern-banner").getByText("This session is recorded").waitFor();
    await look(page, "engineer-banner-prometheus");
    assert.deepEqual(page.troubles, direct.troubles);
  });
});
