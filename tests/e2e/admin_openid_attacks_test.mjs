// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The attacks of RFC 9700 against admins who sign in by their provider, and the one that two providers invite: that an identity of the
// one face is one on the other. Each ends at a door that stays shut and in an event that says why, and an honest sign-in comes in after.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { plant } from "./lib/planted.mjs";
import { LyingProvider, adminClientId, adminClientSecret, adminSecretsFor, clientId, clientSecret, configured, configuredForAdmins, secretsFor, signed } from "./lib/providers.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
`;
const logoutEvent = { "http://schemas.openid.net/event/backchannel-logout": {} };
const setCookie = (answer, name) => answer.headers["set-cookie"]?.find((line) => line.startsWith(`${name}=`))?.split(";")[0];
const now = () => Math.floor(Date.now() / 1000);
const parts = (head, claims) => [head, claims].map((value) => Buffer.from(JSON.stringify(value)).toString("base64url")).join(".");

story("no admin comes in by a lie, nor by an engineer's provider", async (stage) => {
  plant("the client's secret", clientSecret);
  plant("the console's client secret", adminClientSecret);
  const authority = stage.own(await Authority.make("provider"));
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("well\n"))));
  const vendors = stage.own(await LyingProvider.start(await authority.server()));
  const provider = stage.own(await LyingProvider.start(await authority.server()));
  provider.clientId = adminClientId;
  const good = (claims, key) => signed({ ...claims, groups: ["ops"], auth_time: now() }, key);
  provider.token = good;
  const ofAdmins = configuredForAdmins(provider, ["roles: {admin: [ops]}", "acr: [gold, silver]", "amr: [otp]"]);
  const gateway = stage.own(
    await Gateway.start({ services: component.services, policy, configure: (text) => ofAdmins(configured(vendors)(text)), secrets: { ...secretsFor(authority), ...adminSecretsFor(authority) } }),
  );
  await gateway.admit("alice", ["state.read"]);

  // A browser: what its page would send, and the cookies that it would keep.
  const browser = () => ({ client: gateway.adminClient(), flow: undefined, session: undefined });
  const send = (one, method, path, body) => {
    const headers = { "Content-Type": "application/json", Origin: gateway.adminUrl, "Sec-Fetch-Site": "same-origin", Cookie: [one.flow, one.session].filter(Boolean).join("; ") };
    return one.client.fetch(path, { method, headers, body: method === "GET" ? undefined : JSON.stringify(body ?? {}) });
  };
  const begin = async (one = browser(), path = "/api/v1/sign-in/openid/begin", body = {}) => {
    const answer = await send(one, "POST", path, body);
    assert.equal(answer.status, 200, answer.text);
    Object.assign(one, { answer, location: answer.json.location, flow: setCookie(answer, "__Host-postern-admin-openid") });
    return one;
  };
  const back = (one, answer) => send(one, "POST", "/api/v1/sign-in/openid", answer);
  const comesIn = async (one, answer = provider.code(one.location)) => {
    const came = await back(one, answer);
    assert.equal(came.status, 200, came.text);
    one.session = setCookie(came, "__Host-postern-admin");
    assert.equal((await send(one, "GET", "/api/v1/me")).json.name, "alice@vendor.example");
    return came;
  };
  // Whoever fails has to wait sooner or later; whoever comes in does not. So each lie is followed by the truth.
  const refused = async (answer, words, status = 403) => {
    assert.equal(answer.status, status, answer.text);
    assert.equal(setCookie(answer, "__Host-postern-admin"), undefined);
    assert.match(answer.json.detail, words);
    provider.token = good;
    await comesIn(await begin());
  };
  const tokenOf = async (make) => {
    const one = await begin();
    provider.token = make;
    return back(one, provider.code(one.location));
  };

  let alice;
  await stage.step("what is asked of the provider, and what comes of an honest answer", async () => {
    alice = await begin(browser(), "/api/v1/sign-in/openid/begin", { return: "/requests" });
    const asked = new URL(alice.location).searchParams;
    assert.equal(new URL(alice.location).origin, provider.issuer);
    assert.deepEqual(["code_challenge_method", "response_type", "client_id", "acr_values", "redirect_uri"].map((name) => asked.get(name)), ["S256", "code", adminClientId, "gold silver", `${gateway.adminUrl}/openid/callback`]);
    assert.match(alice.answer.headers["set-cookie"][0], /^__Host-postern-admin-openid=.*HttpOnly.*SameSite=Strict/);
    const came = await comesIn(alice);
    assert.equal(came.json.return, "/requests");
    const { detail } = await until("it is in the log", async () => (await gateway.events("--type", "admin.signed_in"))[0]);
    assert.deepEqual([detail.admin, detail.method, detail.issuer, detail.subject], ["alice@vendor.example", "openid", provider.issuer, "alice"]);
    assert.ok(!provider.asked.includes("/token") || !vendors.asked.includes("/token"));
  });

  await stage.step("nobody is sent elsewhere afterwards", async () => {
    for (const elsewhere of ["https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example"]) {
      const one = await begin(browser(), "/api/v1/sign-in/openid/begin", { return: elsewhere });
      assert.equal((await comesIn(one)).json.return, "/");
    }
  });

  await stage.step("a sign-in that was begun in another browser does not count in this one (login CSRF)", async () => {
    const [attacker, victim] = [await begin(), await begin()];
    const answer = provider.code(attacker.location);
    await refused(await back(victim, answer), /not begun in this browser/);
    await refused(await back(browser(), answer), /not begun in this browser/);
    await refused(await back(attacker, { ...answer, state: "" }), /not begun in this browser/);
    const elsewhere = await gateway.adminClient().send("POST", "/api/v1/sign-in/openid", answer, { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" });
    assert.equal(elsewhere.json.code, "cross_site");
    await comesIn(attacker, answer);
  });

  await stage.step("another's code is of no use (code injection); an answer counts once (replay)", async () => {
    const [victim, attacker] = [await begin(), await begin()];
    const { code } = provider.code(victim.location);
    await refused(await back(attacker, { ...provider.code(attacker.location), code }), /this code is not yours/);
    const one = await begin();
    const answer = provider.code(one.location);
    const flow = one.flow;
    await comesIn(one, answer);
    await refused(await back({ client: gateway.adminClient(), flow }, answer), /used before/);
  });

  await stage.step("an answer of another provider's is not shown to this one (mix-up): the engineers' is another one", async () => {
    const redeemed = provider.asked.filter((path) => path === "/token").length;
    let one = await begin();
    const answer = await back(one, { ...provider.code(one.location), iss: vendors.issuer });
    one = await begin();
    const { code, state } = provider.code(one.location);
    const silent = await back(one, { code, state });
    assert.equal(provider.asked.filter((path) => path === "/token").length, redeemed);
    await refused(answer, /another provider/);
    await refused(silent, /which provider/);
  });

  await stage.step("the provider's own refusals are told in its words", async () => {
    const one = await begin();
    await refused(await back(one, { state: provider.code(one.location).state, iss: provider.issuer, error: "access_denied", error_description: "<b>no</b>" }), /the provider refused: access_denied/i);
  });

  const publicPem = () => provider.key.publicKey.export({ type: "spki", format: "pem" });
  const lies = {
    "the engineers' provider's": [(claims) => signed({ ...claims, groups: ["ops"], iss: vendors.issuer, aud: clientId }, vendors.key), /does not publish/],
    "the engineers' provider's, in the name of ours": [(claims) => signed({ ...claims, groups: ["ops"] }, vendors.key), /does not publish/],
    "the engineers' provider's, under our key's name": [(claims, key) => signed({ ...claims, groups: ["ops"] }, vendors.key, { kid: key.kid }), /signature/],
    "for the engineers' client": [(claims, key) => good({ ...claims, aud: clientId }, key), /\(aud\)/],
    "for both clients": [(claims, key) => good({ ...claims, aud: [adminClientId, clientId] }, key), /\(aud\)/],
    "another issuer": [(claims, key) => good({ ...claims, iss: vendors.issuer }, key), /\(iss\)/],
    "of another sign-in": [(claims, key) => good({ ...claims, nonce: "another" }, key), /\(nonce\)/],
    expired: [(claims, key) => good({ ...claims, exp: now() - 120 }, key), /\(exp\)/],
    "from tomorrow": [(claims, key) => good({ ...claims, iat: now() + 86_400, exp: now() + 90_000 }, key), /\(iat\)/],
    "too weak": [(claims, key) => good({ ...claims, acr: "bronze" }, key), /\(acr\)/],
    "without the proof": [(claims, key) => good({ ...claims, amr: ["pwd"] }, key), /\(amr\)/],
    "a logout token": [(claims, key) => signed({ ...claims, groups: ["ops"], events: logoutEvent }, key, { typ: "logout+jwt" }), /another type/],
    "not signed": [(claims) => `${parts({ alg: "none" }, { ...claims, groups: ["ops"] })}.`, /never accepted/],
    "signed with our public key as an HMAC's": [
      (claims, key) => {
        const text = parts({ alg: "HS256", kid: key.kid }, { ...claims, groups: ["ops"] });
        return `${text}.${createHmac("sha256", publicPem()).update(text).digest("base64url")}`;
      },
      /never accepted/,
    ],
    "changed after it was signed": [(claims, key) => signed(claims, key).replace(/\.[^.]*\./, `.${Buffer.from(JSON.stringify({ ...claims, groups: ["ops"] })).toString("base64url")}.`), /signature/],
    "somebody's without a group": [(claims, key) => signed({ ...claims, sub: "mallory", email: "mallory@vendor.example" }, key), /none of the groups/],
    "a group's that engineers have": [(claims, key) => signed({ ...claims, groups: ["support"], sub: "mallory" }, key), /none of the groups/],
    "an address that nobody verified": [(claims, key) => good({ ...claims, sub: "mallory", email_verified: false }, key), /gives no name/],
    "an address that was given to somebody else": [(claims, key) => good({ ...claims, sub: "mallory" }, key), /is not known as this person/],
    "one who would like to be called as a local admin": [(claims, key) => good({ ...claims, sub: "mallory", email: "admin" }, key), /is not known as this person/],
    "no token at all": [() => "nonsense", /three parts/],
  };
  for (const [what, [make, words]] of Object.entries(lies))
    await stage.step(`a token that is ${what} opens nothing`, async () => refused(await tokenOf(make), words));

  await stage.step("a key that is not published signs nothing; one that was published since does", async () => {
    const former = provider.key;
    const one = await begin();
    provider.rotate();
    await comesIn(one);
    await refused(await tokenOf((claims) => good(claims, former)), /does not publish/);
  });

  await stage.step("an engineer's provider opens no console, and an admin's no session", async () => {
    const engineers = gateway.client();
    const start = await engineers.fetch("/.postern/openid/start");
    const flow = setCookie(start, "__Host-postern-openid");
    const answer = vendors.code(start.headers.location);
    // The engineers' answer, cookie and state at the console; and the other way round.
    const lie = { client: gateway.adminClient(), flow: `${flow}; ${flow.replace("postern-openid", "postern-admin-openid")}` };
    await refused(await back(lie, answer), /not begun in this browser/);
    const one = await begin();
    const asAdmin = provider.code(one.location);
    const crossed = await engineers.fetch(`/.postern/openid/callback?${new URLSearchParams(asAdmin)}`, { headers: { Cookie: `${one.flow}; ${one.flow.replace("admin-openid", "openid")}` } });
    assert.equal(crossed.status, 403);
    const came = await engineers.fetch(`/.postern/openid/callback?${new URLSearchParams(answer)}`, { headers: { Cookie: flow } });
    assert.equal(came.status, 303, came.text);
    const session = setCookie(came, "__Host-postern");
    const asked = await gateway.adminClient().fetch("/api/v1/me", { headers: { Cookie: `${session}; ${session.replace("__Host-postern=", "__Host-postern-admin=")}` } });
    assert.equal(asked.status, 401);
    // An ID token of the admins' provider, in the hands of the engineers'.
    vendors.token = () => good(provider.claims("n"), provider.key);
    const again = await engineers.fetch("/.postern/openid/start");
    const wrong = await engineers.fetch(`/.postern/openid/callback?${new URLSearchParams(vendors.code(again.headers.location))}`, { headers: { Cookie: setCookie(again, "__Host-postern-openid") } });
    assert.equal(wrong.status, 403);
    assert.match(wrong.text, /does not publish/);
  });

  await stage.step("who proves it again has to prove it now, and be the same", async () => {
    const one = await begin();
    await comesIn(one);
    const prove = async (token) => {
      await begin(one, "/api/v1/account/proof/openid");
      provider.token = token;
      const answer = await back(one, provider.code(one.location));
      provider.token = good;
      return answer;
    };
    await begin(one, "/api/v1/account/proof/openid");
    const asked = new URL(one.location).searchParams;
    assert.deepEqual([asked.get("prompt"), asked.get("max_age")], ["login", "60"]);
    await refused(await prove((claims, key) => signed({ ...claims, groups: ["ops"] }, key)), /\(auth_time\)/);
    await refused(await prove((claims, key) => signed({ ...claims, groups: ["ops"], auth_time: now() - 3600 }, key)), /\(auth_time\)/);
    await refused(await prove((claims, key) => good({ ...claims, sub: "dora", email: "dora@vendor.example" }, key)), /named somebody else/);
    const proved = await prove(good);
    assert.equal(proved.status, 204, proved.text);
    one.session = setCookie(proved, "__Host-postern-admin");
    assert.equal((await send(one, "GET", "/api/v1/me")).json.proved, true);
    await until("it is in the log", async () => (await gateway.events("--type", "admin.proved")).find((event) => event.detail.method === "openid"));
  });

  await stage.step("a logout token ends sign-ins if it is the provider's, for us, and shown once", async () => {
    const one = await begin();
    await comesIn(one);
    const claims = { iss: provider.issuer, aud: adminClientId, iat: now(), exp: now() + 120, jti: "one", sub: "alice", events: logoutEvent };
    const depart = (token) =>
      gateway.adminClient().fetch("/api/v1/openid/backchannel-logout", { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ logout_token: token }).toString() });
    const typ = { typ: "logout+jwt" };
    const departs = async (token) => until("it is looked at", async () => {
      const answer = await depart(token);
      return answer.status !== 429 && answer;
    });
    for (const [jti, wrong] of Object.entries({ a: signed({ ...claims, aud: clientId }, provider.key, typ), b: signed(claims, vendors.key, typ), c: `${parts({ alg: "none" }, claims)}.` })) {
      const answer = await departs(wrong);
      assert.equal(answer.status, 400, `${jti} ${answer.text}`);
    }
    assert.equal((await departs(signed({ ...claims, jti: "bob", sub: "bob" }, provider.key, typ))).status, 200);
    assert.equal((await send(one, "GET", "/api/v1/me")).status, 200);
    const token = signed({ ...claims, jti: "two" }, provider.key, typ);
    assert.equal((await departs(token)).status, 200);
    assert.equal((await send(one, "GET", "/api/v1/me")).status, 401);
    await until("the end is in the log", async () => (await gateway.events("--type", "admin.signed_out")).some((event) => event.detail.reason === "signed_out_at_provider"));
    assert.match((await departs(token)).json.error_description, /shown before/);
    await until("the lies are in the log", async () => (await gateway.events("--type", "admin.refused")).some((event) => event.detail.code === "logout_token"));
  });

  await stage.step("a provider that fails, talks nonsense or hangs opens nothing, and is used again once it is well; a password works meanwhile", async () => {
    for (const behaviour of ["fail", "nonsense", "hang"]) {
      const one = await begin();
      const answer = provider.code(one.location);
      provider.behaviour = behaviour;
      const came = await back(one, answer);
      assert.equal(came.json.code, "provider_unavailable", came.text);
      assert.equal((await gateway.adminClient().send("POST", "/api/v1/sign-in", { name: "admin", password: gateway.password })).status, 200);
      provider.behaviour = "answer";
      await refused(came, /cannot be used|did not take the code/, 502);
    }
  });

  await stage.step("whoever fails again and again has to wait, and the log says so", async () => {
    const attacker = browser();
    await until("it is slowed", async () => (await back(attacker, { code: "c", state: "s" })).status === 429);
    await until("it is in the log", async () => (await gateway.events("--type", "admin.slowed"))[0]);
  });

  await stage.step("no code stands in the log, and the two faces' links are two processes", async () => {
    const log = JSON.stringify(await gateway.events());
    assert.ok(log.includes("admin.refused") && provider.given.length > 30);
    for (const code of [...provider.given, ...vendors.given]) assert.ok(!log.includes(code), code);
    const { roles } = await gateway.cli("status");
    assert.deepEqual(roles.map((role) => role.name).filter((name) => name.startsWith("link")).sort(), ["link", "link.admin"]);
  });
});
