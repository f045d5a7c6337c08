// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The attacks of RFC 9700 against signing in by an identity provider, each of which ends at a door that stays shut and in an event that
// says why: code injection, replay, mix-up, login CSRF; tokens that are tampered with, for others, too old, or signed in a way that nobody
// asked for; and a provider that is down, slow, or talks nonsense.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { Authority } from "./lib/authority.mjs";
import { LittleComponent } from "./lib/component.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { plant } from "./lib/planted.mjs";
import { LyingProvider, clientSecret, configured, secretsFor, signed } from "./lib/providers.mjs";
import { story, until } from "./lib/story.mjs";

const policy = `version: 1
capabilities:
  state.read: { title: See the state, class: read, operations: [ "GET /state" ] }
`;
const logoutEvent = { "http://schemas.openid.net/event/backchannel-logout": {} };
const cookieOf = (answer, name) => answer.headers["set-cookie"]?.find((line) => line.startsWith(`${name}=`))?.split(";")[0];

// begin: a browser that has clicked: {cookie, location}.
const begin = async (gateway, path = "") => {
  const client = gateway.client();
  const answer = await client.fetch(`/.postern/openid/start${path}`);
  return { client, answer, location: answer.headers.location, cookie: cookieOf(answer, "__Host-postern-openid") };
};
// back: that browser comes back with those parameters.
const back = (flow, parameters, cookie = flow.cookie) =>
  flow.client.fetch(`/.postern/openid/callback?${new URLSearchParams(parameters)}`, { headers: cookie ? { Cookie: cookie } : {} });

story("nobody comes in by a lie", async (stage) => {
  plant("the client's secret", clientSecret);
  const authority = stage.own(await Authority.make("provider"));
  const component = stage.own(await LittleComponent.start((request, response) => request.resume().on("end", () => response.end("well\n"))));
  const provider = stage.own(await LyingProvider.start(await authority.server()));
  const gateway = stage.own(await Gateway.start({ services: component.services, policy, configure: configured(provider, ["acr: [gold, silver]", "amr: [otp]"]), secrets: secretsFor(authority) }));
  await gateway.admit("alice", ["state.read"]);

  const refused = async (answer, words, status = 403) => {
    assert.equal(answer.status, status, answer.text);
    assert.equal(cookieOf(answer, "__Host-postern"), undefined);
    assert.match(answer.text, words);
    const event = await gateway.event(answer.event);
    assert.equal(event.type, "session.refused");
    assert.equal(event.detail.method, "openid");
    assert.match(event.detail.why, words);
  };
  const comesIn = async (flow, parameters) => {
    const answer = await back(flow, parameters);
    assert.equal(answer.status, 303, answer.text);
    flow.client.cookie = cookieOf(answer, "__Host-postern");
    assert.equal((await flow.client.fetch("/state")).status, 200);
    return answer;
  };

  await stage.step("what is asked of the provider, and what comes of an honest answer", async () => {
    const flow = await begin(gateway, "?return=%2Fstate");
    assert.equal(flow.answer.status, 303);
    const asked = new URL(flow.location).searchParams;
    assert.equal(asked.get("code_challenge_method"), "S256");
    assert.equal(asked.get("response_type"), "code");
    assert.equal(asked.get("redirect_uri"), `${gateway.url}/.postern/openid/callback`);
    assert.equal(asked.get("acr_values"), "gold silver");
    assert.match(flow.answer.headers["set-cookie"][0], /^__Host-postern-openid=.*HttpOnly/);
    assert.match(flow.answer.headers["set-cookie"][0], /Secure/);
    const answer = await comesIn(flow, provider.code(flow.location));
    assert.equal(answer.headers.location, "/state");
    const opened = await gateway.event(answer.event);
    assert.equal(opened.type, "session.opened");
    const { method, issuer, subject, sid, acr, amr } = opened.detail;
    assert.deepEqual({ method, issuer, subject, sid, acr, amr }, { method: "openid", issuer: provider.issuer, subject: "alice", sid: "s-1", acr: "gold", amr: "pwd otp" });
  });

  await stage.step("nobody is sent elsewhere afterwards", async () => {
    for (const elsewhere of ["https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example", "/\n/evil.example"]) {
      const flow = await begin(gateway, `?return=${encodeURIComponent(elsewhere)}`);
      assert.equal((await comesIn(flow, provider.code(flow.location))).headers.location, "/.postern/");
    }
  });

  await stage.step("a sign-in that was begun in another browser does not count in this one (login CSRF)", async () => {
    const [attacker, victim] = [await begin(gateway), await begin(gateway)];
    const answer = provider.code(attacker.location);
    await refused(await back(victim, answer), /not begun in this browser/);
    await refused(await back(victim, answer, ""), /not begun in this browser/);
    await refused(await back(attacker, { ...answer, state: "" }), /not begun in this browser/);
    await refused(await back(attacker, answer, attacker.cookie.replace(/.$/, (last) => (last === "A" ? "B" : "A"))), /not begun in this browser/);
    await comesIn(attacker, answer);
  });

  await stage.step("another's code is of no use (code injection)", async () => {
    const [victim, attacker] = [await begin(gateway), await begin(gateway)];
    const { code } = provider.code(victim.location);
    await refused(await back(attacker, { ...provider.code(attacker.location), code }), /this code is not yours/);
  });

  await stage.step("an answer counts once (replay)", async () => {
    const flow = await begin(gateway);
    const answer = provider.code(flow.location);
    await comesIn(flow, answer);
    await refused(await back({ client: gateway.client(), cookie: flow.cookie }, answer), /used before/);
  });

  await stage.step("an answer of another provider's is not shown to this one (mix-up)", async () => {
    const redeemed = provider.asked.filter((path) => path === "/token").length;
    let flow = await begin(gateway);
    await refused(await back(flow, { ...provider.code(flow.location), iss: "https://evil.example" }), /another provider/);
    flow = await begin(gateway);
    const { code, state } = provider.code(flow.location);
    await refused(await back(flow, { code, state }), /which provider/);
    assert.equal(provider.asked.filter((path) => path === "/token").length, redeemed);
  });

  await stage.step("the provider's own refusals are told in its words, and theirs alone", async () => {
    const flow = await begin(gateway);
    const { state } = provider.code(flow.location);
    await refused(await back(flow, { state, iss: provider.issuer, error: "access_denied", error_description: "<b>no</b>" }), /the provider refused: access_denied/i);
  });

  const tokenOf = async (make) => {
    provider.token = make;
    const flow = await begin(gateway);
    const answer = await back(flow, provider.code(flow.location));
    provider.token = (claims, key) => signed(claims, key);
    return answer;
  };
  const now = () => Math.floor(Date.now() / 1000);
  const publicPem = () => provider.key.publicKey.export({ type: "spki", format: "pem" });
  const parts = (head, claims) => [head, claims].map((value) => Buffer.from(JSON.stringify(value)).toString("base64url")).join(".");
  const lies = {
    "another issuer": [(claims, key) => signed({ ...claims, iss: "https://evil.example" }, key), /\(iss\)/],
    "for another client": [(claims, key) => signed({ ...claims, aud: "another" }, key), /\(aud\)/],
    "for us and another client": [(claims, key) => signed({ ...claims, aud: ["postern", "another"] }, key), /\(aud\)/],
    "issued to another client": [(claims, key) => signed({ ...claims, azp: "another" }, key), /\(azp\)/],
    "of another sign-in": [(claims, key) => signed({ ...claims, nonce: "another" }, key), /\(nonce\)/],
    expired: [(claims, key) => signed({ ...claims, exp: now() - 120 }, key), /\(exp\)/],
    "from tomorrow": [(claims, key) => signed({ ...claims, iat: now() + 86_400, exp: now() + 90_000 }, key), /\(iat\)/],
    "too weak": [(claims, key) => signed({ ...claims, acr: "bronze" }, key), /\(acr\)/],
    "without a second factor": [(claims, key) => signed({ ...claims, amr: ["pwd"] }, key), /\(amr\)/],
    "an access token": [(claims, key) => signed(claims, key, { typ: "at+jwt" }), /another type/],
    "without a signature": [(claims) => `${parts({ alg: "none" }, claims)}.`, /never accepted/],
    "with the public key as an HMAC's secret": [
      (claims, key) => {
        const text = parts({ alg: "HS256", kid: key.kid }, claims);
        return `${text}.${createHmac("sha256", publicPem()).update(text).digest("base64url")}`;
      },
      /never accepted/,
    ],
    "changed after it was signed": [(claims, key) => signed(claims, key).replace(/\.[^.]*\./, `.${Buffer.from(JSON.stringify({ ...claims, sub: "bob" })).toString("base64url")}.`), /signature/],
    "no token at all": [() => "nonsense", /three parts/],
    "an address that nobody verified": [(claims, key) => signed({ ...claims, sub: "mallory", email_verified: false }, key), /names no engineer/],
    "somebody whom nobody knows": [(claims, key) => signed({ ...claims, sub: "mallory", email: "mallory@vendor.example" }, key), /names no engineer/],
    "an address that was given to somebody else": [(claims, key) => signed({ ...claims, sub: "mallory" }, key), /another account of the provider/],
  };
  for (const [what, [make, words]] of Object.entries(lies))
    await stage.step(`a token that is ${what} opens nothing`, async () => refused(await tokenOf(make), words));

  await stage.step("a key that is not published signs nothing; one that was published since does", async () => {
    const former = provider.key;
    const flow = await begin(gateway);
    provider.rotate();
    await comesIn(flow, provider.code(flow.location));
    await refused(await tokenOf((claims) => signed(claims, former)), /does not publish/);
    const next = await begin(gateway);
    provider.rotate();
    await comesIn(next, provider.code(next.location));
  });

  await stage.step("whoever is signed out at the provider is signed out here", async () => {
    const flow = await begin(gateway);
    await comesIn(flow, provider.code(flow.location));
    const claims = { iss: provider.issuer, aud: "postern", iat: now(), exp: now() + 120, jti: "one", sub: "alice", events: logoutEvent };
    const depart = (token) =>
      gateway.client().fetch("/.postern/openid/backchannel-logout", { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ logout_token: token }).toString() });
    const { events, ...without } = claims;
    assert.ok(events);
    for (const wrong of [signed(without, provider.key), signed({ ...claims, nonce: "n" }, provider.key), signed({ ...claims, aud: "another" }, provider.key), `${parts({ alg: "none" }, claims)}.`, ""])
      await refused(await depart(wrong), /./, 400);
    assert.equal((await flow.client.fetch("/state")).status, 200);
    assert.equal((await depart(signed({ ...claims, sub: "bob" }, provider.key, { typ: "logout+jwt" }))).status, 200);
    assert.equal((await flow.client.fetch("/state")).status, 200);
    const token = signed({ ...claims, jti: "two" }, provider.key, { typ: "logout+jwt" });
    assert.equal((await depart(token)).status, 200);
    assert.equal((await flow.client.fetch("/state")).status, 401);
    await until("the end is in the log", async () => (await gateway.events("--type", "session.ended")).some((event) => event.detail.reason === "signed_out_at_provider"));
    await refused(await depart(token), /shown before/, 400);
  });

  await stage.step("a provider that fails, talks nonsense or hangs opens nothing, and is used again once it is well", async () => {
    for (const behaviour of ["fail", "nonsense", "hang"]) {
      const flow = await begin(gateway);
      const answer = provider.code(flow.location);
      provider.behaviour = behaviour;
      await refused(await back(flow, answer), /cannot be used|did not take the code/, 502);
      provider.behaviour = "answer";
      const again = await begin(gateway);
      await comesIn(again, provider.code(again.location));
    }
  });

  await stage.step("no code stands in the log", async () => {
    const log = JSON.stringify(await gateway.events());
    assert.ok(log.includes("session.refused") && provider.given.length > 30);
    for (const code of provider.given) assert.ok(!log.includes(code), code);
  });
});
