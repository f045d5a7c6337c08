// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Promise 6: a component with a login form of its own is used through Postern. Its cookies stay in the gateway, hold in all of its
// enforcers, belong to one session, and end with it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  app.read: { title: Use the application, class: read, operations: [ "GET /**", { call: "POST /login", safe: true } ] }
`;

// An application of the usual kind: a form, a session cookie, a redirect, pages behind it.
const application = () => {
  const signedIn = new Map();
  const answer = (request, response) => {
    const sid = /(?:^|; )sid=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    if (request.url === "/login" && request.method === "POST")
      return request.resume().on("end", () => {
        const fresh = randomBytes(24).toString("hex");
        signedIn.set(fresh, true);
        response.writeHead(303, { Location: "/", "Set-Cookie": [`sid=${fresh}; Path=/; HttpOnly; Secure; SameSite=Lax`, "theme=dark; Path=/; Max-Age=3600"] }).end();
      });
    if (!signedIn.has(sid)) return response.writeHead(302, { Location: "/login" }).end();
    if (request.url === "/logout") {
      signedIn.delete(sid);
      return response.writeHead(303, { Location: "/login", "Set-Cookie": "sid=; Path=/; Max-Age=0" }).end();
    }
    response.end(`signed in; cookies: ${request.headers.cookie.replace(/sid=[^;]+/, "sid=..")}\n`);
  };
  return { answer, signedIn };
};

story("a login at the component holds in every enforcer and is seen by no engineer", async (stage) => {
  const { answer, signedIn } = application();
  const component = stage.own(await LittleComponent.start(answer));
  const gateway = stage.own(
    await Gateway.start({ services: component.services, policy, configure: (text) => text.replace(/^workers:.*\n/m, "") + "workers: 3\n" }),
  );
  await gateway.admit("alice", ["app.read"]);
  const alice = await gateway.signIn("alice");
  const bob = await gateway.signIn("alice"); // another session
  const seen = [];
  // Each on a connection of its own, so that all enforcers get some.
  const page = async (client, path = "/", options = {}) => {
    const got = await client.fetch(path, { ...options, agent: false });
    seen.push(JSON.stringify(got.headers) + got.text);
    return got;
  };

  await stage.step("before the login, the component sends everybody to its form", async () => {
    assert.equal((await page(alice)).headers.location, "/login");
  });

  await stage.step("after it, every request of that session is signed in, in whichever enforcer", async () => {
    const login = await page(alice, "/login", { method: "POST", body: "user=a&password=b", headers: { "Content-Type": "application/x-www-form-urlencoded" } });
    assert.equal(login.status, 303);
    assert.equal(login.headers["set-cookie"], undefined);
    await until("the page is there", async () => (await page(alice)).status === 200);
    for (let i = 0; i < 60; ++i) assert.equal((await page(alice)).text, "signed in; cookies: sid=..; theme=dark\n");
  });

  await stage.step("another session of the same engineer is not", async () => {
    for (let i = 0; i < 10; ++i) assert.equal((await page(bob)).status, 302);
  });

  await stage.step("a cookie of the engineer's own making does not get there", async () => {
    const got = await page(bob, "/", { headers: { Cookie: `${bob.cookie}; sid=${[...signedIn.keys()][0]}` } });
    assert.equal(got.status, 302);
  });

  await stage.step("an enforcer that died learns the login from the others", async () => {
    const enforcers = async () => (await gateway.cli("status")).roles.filter((role) => role.name.startsWith("enforcer"));
    const [victim] = await enforcers();
    process.kill(victim.pid, "SIGKILL");
    await until("it is back", async () => (await enforcers()).every((role) => role.state === "running" && role.pid !== victim.pid));
    await until("every enforcer knows", async () => {
      const all = await Promise.all(Array.from({ length: 30 }, () => page(alice).catch(() => ({}))));
      return all.every((got) => got.status === 200);
    });
  });

  await stage.step("the component's logout is a logout, and the end of the session ends its cookies", async () => {
    await page(alice, "/login", { method: "POST", body: "" });
    await page(alice, "/logout");
    await until("it is out everywhere", async () => (await Promise.all(Array.from({ length: 9 }, () => page(alice)))).every((got) => got.status === 302));
  });

  await stage.step("no engineer saw a cookie of the component's, and no log has it", async () => {
    const events = JSON.stringify(await gateway.events());
    for (const sid of ["sid=", ...signedIn.keys()].slice(1)) {
      assert.ok(!seen.some((text) => text.includes(sid)), "it was sent to an engineer");
      assert.ok(!events.includes(sid) && !gateway.log.includes(sid), "it is in a log");
    }
  });
});
