// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What installations measured, at Mission Control's page: the fleet by its health, pictures of utilisation over two days and a year, the
// history as a table, and what was used by day and by hour, also as a file. And how Mission Control itself is.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { atMissionControl, Browser, look } from "./lib/browser.mjs";
import { inspector } from "./lib/inspect.mjs";
import { MissionControl } from "./lib/mission.mjs";
import { run } from "./lib/process.mjs";
import { story, until } from "./lib/story.mjs";

const kSecond = 1_000_000;

const inspect = inspector("measures");

story("the fleet's health and usage are seen at the page", async (stage) => {
  const mission = stage.own(await MissionControl.start({ configure: (text) => `${text}second_factor: optional\n` }));
  const full = stage.own(Object.assign(await mission.enrolled("Full Ltd"), { name: "full", stop() { this.close(); } }));
  const quiet = stage.own(Object.assign(await mission.enrolled("Quiet Ltd"), { name: "quiet", stop() { this.close(); } }));
  const browser = stage.own(await Browser.start());
  let page;

  // A history is not told within a test's time: it is put where it would be.
  await mission.halt();
  const now = Math.floor(Date.now() / 1000) * kSecond;
  const rows = [];
  const wave = (i, low, high) => Math.round(low + ((Math.sin(i / 40) + 1) / 2) * (high - low));
  for (let i = 0; i < 1400; i++) {
    if (i > 500 && i < 600) continue; // it told nothing for a while
    const at = now - i * 120 * kSecond;
    const row = { status: i < 3 ? 2 : 0, cpu: wave(i, 20, 60), memory: wave(i + 30, 50, 70), storage: Math.max(10, 96 - i / 20), availability: i % 300 === 7 ? 97.5 : 99.9, processing: 99.5, nodes: 3, up: i < 3 ? 2 : 3 };
    rows.push(["INSERT INTO health VALUES (?,?,?)", [full.id, at - (at % (120 * kSecond)), JSON.stringify(row)]]);
  }
  for (let i = 0; i < 2000; i++) {
    const at = now - i * 3600 * kSecond;
    rows.push(["INSERT INTO health_hours VALUES (?,?,?)", [full.id, at - (at % (3600 * kSecond)), JSON.stringify({ cpu: [wave(i, 20, 60) * 30, 30], storage: [Math.max(5, 90 - i / 30) * 30, 30], status: [0, 1] })]]);
  }
  for (let i = 1; i <= 60; i++) {
    const hour = now - (now % (3600 * kSecond)) - i * 3600 * kSecond;
    rows.push(["INSERT INTO usage_hours VALUES (?,?,1,?,?)", [full.id, hour, now, JSON.stringify({ sessions: 2, exchanges_read: 100 + i, exchanges_write: 3, exchanges_refused: 1, bytes_out: 123456, "component.queries": 10 })]]);
  }
  const file = join(mission.folder, "rows.json");
  writeFileSync(file, JSON.stringify(rows));
  const put = await run("python3", ["-c", "import json, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); [c.execute(*row) for row in json.load(open(sys.argv[2]))]; c.commit()", join(mission.folder, "state/mission.sqlite"), file]);
  assert.equal(put.code, 0, put.stderr);
  await mission.serve();

  await stage.step("the fleet is sorted by health and utilisation, and filtered", async () => {
    page = await atMissionControl(browser, mission, "vera", "viewer");
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Fleet" }).click();
    const fleet = page.locator("#fleet");
    await fleet.getByText("Critical", { exact: true }).waitFor();
    await fleet.getByText("96%").waitFor();
    await inspect(page, "fleet");
    await page.getByLabel("Health").selectOption("critical");
    await fleet.getByRole("link", { name: "Quiet Ltd" }).waitFor({ state: "detached" });
    await page.getByLabel("Health").selectOption("unknown");
    await fleet.getByRole("link", { name: "Full Ltd" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByLabel("Sort by").selectOption("load");
    await until("the fullest is first", async () => (await fleet.locator("tbody tr").first().innerText()).includes("Full Ltd"));
  });

  await stage.step("one that told nothing says so", async () => {
    await page.locator("#fleet").getByRole("link", { name: "Quiet Ltd" }).click();
    await page.getByText("It has told nothing of its health").waitFor();
    await page.getByText("It has told nothing of what was used.").waitFor();
    await inspect(page, "nothing");
    await page.goBack();
  });

  await stage.step("an installation's two days and year are drawn, said in words, and listed", async () => {
    await page.locator("#fleet").getByRole("link", { name: "Full Ltd" }).click();
    const measures = page.locator("#measures");
    await measures.locator("canvas").nth(1).waitFor();
    await measures.getByText(/Storage 96 % \(\d+.* to 96\)/).waitFor();
    await measures.getByText(/Availability 99.9 % \(97.5 to 99.9\)/).waitFor();
    await page.locator("#history").getByText("2 / 3").first().waitFor();
    await page.locator("#history").getByRole("button").click();
    await page.locator("#history tbody tr").nth(50).waitFor();
    await inspect(page, "installation");
    await measures.getByRole("button", { name: "A year" }).click();
    await measures.getByText(/CPU \d+.* % \(20 to 60\)/).waitFor();
    await until("there is one picture", async () => (await measures.locator("canvas").count()) === 1);
    await look(page, "measures-year");
  });

  await stage.step("what was used is there by day and by hour, and as a file", async () => {
    const usage = page.locator("#usage");
    await usage.getByText("queries", { exact: false }).first().waitFor();
    assert.ok((await usage.locator("tbody tr").count()) <= 4, "days");
    await usage.getByRole("button", { name: "By hour" }).click();
    await usage.locator("tbody tr").nth(9).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), usage.getByRole("link", { name: "All of it as CSV" }).click()]);
    const text = await (await download.createReadStream()).toArray();
    assert.equal(Buffer.concat(text).toString().trim().split("\n").length, 61);
    assert.equal((await mission.plainCli("usage", "--csv")).stdout, Buffer.concat(text).toString(), "the same on the command line");
  });

  await stage.step("the server says who shares the store, and what its log is signed with", async () => {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Server" }).click();
    await page.locator("#servers").getByText("this one").waitFor();
    await page.locator("#log").getByText(/^mission\.example\.com\/audit\+/).waitFor();
    await inspect(page, "server");
  });
});
