import { MissionControl, Installation } from "./lib/mission.mjs";
import { execFileSync } from "node:child_process";
const m = await MissionControl.start();
const one = await m.enrolled("Cut Ltd");
const o = await one.orders();
console.log("status", o.status, "connected", (await m.cli("status")).connected);
const ip = (...a) => execFileSync("ip", a);
ip("link", "set", "lo", "down");
const t = performance.now();
for (;;) { await new Promise((r) => setTimeout(r, 1000)); const s = await m.cli("status"); if (s.connected === 0) break; if (performance.now() - t > 200_000) { console.log("never"); break; } }
console.log("noticed after", ((performance.now() - t) / 1000).toFixed(1), "s");
ip("link", "set", "lo", "up");
for (;;) { const s = await m.cli("installation", "show", one.id); if (s.state === "late") { console.log("late", s.since, "after", ((performance.now() - t) / 1000).toFixed(1)); break; } await new Promise((r) => setTimeout(r, 1000)); if (performance.now() - t > 300_000) break; }
one.close();
await m.stop();
process.exit(0);
