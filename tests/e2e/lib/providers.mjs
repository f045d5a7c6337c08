// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Identity providers: a real one (npm oidc-provider), and one that says whatever a story wants it to say.
import https from "node:https";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

export const clientId = "postern";
export const clientSecret = randomBytes(24).toString("base64url");

const listen = async (provider, tls, answer) => {
  provider.server = https.createServer({ cert: tls.certificate, key: tls.key }, answer);
  provider.server.on("connection", (socket) => provider.sockets.add(socket.on("error", () => {}).on("close", () => provider.sockets.delete(socket))));
  await new Promise((resolve) => provider.server.listen(0, "127.0.0.1", resolve));
  provider.issuer = `https://127.0.0.1:${provider.server.address().port}`;
};
const close = (provider) => {
  for (const socket of provider.sockets) socket.destroy();
  return new Promise((resolve) => provider.server.close(resolve));
};

// configured: what makes a gateway believe the provider; more: further lines of the map.
export const configured = (provider, more = []) => (text) =>
  `${text}\nopenid:\n${[`issuer: ${provider.issuer}`, `client_id: ${clientId}`, "client_secret_file: keys/openid", "tls: {roots: keys/provider.pem}", ...more].map((line) => `  ${line}\n`).join("")}`;
// Likewise of the admins' provider, whose client is another one.
export const adminClientId = "postern-console";
export const adminClientSecret = randomBytes(24).toString("base64url");
export const configuredForAdmins = (provider, more = []) => (text) =>
  `${text}\nadmin_openid:\n${[`issuer: ${provider.issuer}`, `client_id: ${adminClientId}`, "client_secret_file: keys/admin_openid", "tls: {roots: keys/admin_provider.pem}", ...more].map((line) => `  ${line}\n`).join("")}`;
export const adminSecretsFor = (authority) => ({ "keys/admin_openid": `${adminClientSecret}\n`, "keys/admin_provider.pem": authority.pem });

// As which client a gateway is known, and where its face is.
export const engineersAt = (gateway) => ({ id: clientId, secret: clientSecret, redirect: `${gateway.url}/.postern/openid/callback`, home: `${gateway.url}/.postern/sign-in`, departure: `${gateway.url}/.postern/openid/backchannel-logout`, ca: gateway.ca, port: gateway.port });
export const adminsAt = (gateway) => ({ id: adminClientId, secret: adminClientSecret, redirect: `${gateway.adminUrl}/openid/callback`, home: `${gateway.adminUrl}/`, departure: `${gateway.adminUrl}/api/v1/openid/backchannel-logout`, ca: gateway.adminCa, port: gateway.adminPort });

// A client's key, instead of its secret: in PEM for the gateway, as a JWK for the provider.
export const newClientKey = () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { pem: privateKey.export({ type: "pkcs8", format: "pem" }), jwk: { ...publicKey.export({ format: "jwk" }), use: "sig", alg: "ES256" } };
};
export const byKey = (configure) => (text) => configure(text).replace("client_secret_file: keys/openid", "client_key_file: keys/openid").replace("client_secret_file: keys/admin_openid", "client_key_file: keys/admin_openid");

export const secretsFor = (authority) => ({ "keys/openid": `${clientSecret}\n`, "keys/provider.pem": authority.pem });

const newKey = (alg = "ES256", kid = randomBytes(6).toString("hex")) => {
  const { publicKey, privateKey } = alg === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { alg, kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" }, privateJwk: { ...privateKey.export({ format: "jwk" }), kid, alg, use: "sig" } };
};

export class RealProvider {
  name = "the identity provider";
  sockets = new Set();
  asked = []; // paths
  #answer = (request, response) => response.writeHead(503).end();

  static async start(tls) {
    const provider = new RealProvider();
    await listen(provider, tls, (request, response) => {
      provider.asked.push(request.url.split("?")[0]);
      provider.#answer(request, response);
    });
    return provider;
  }

  // serve: with new keys, for this gateway; groups: {account: [..]}, looked at when somebody signs in.
  async serve(gateway, groups = {}, at = engineersAt(gateway)) {
    const { Provider } = await import("oidc-provider");
    const account = (id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@vendor.example`, email_verified: true, groups: groups[id] ?? [] }) });
    const post = (url, { method, headers, body }) =>
      new Promise((resolve, reject) => {
        const text = String(body ?? "");
        const request = https.request(url, { method, headers: { ...Object.fromEntries(new Headers(headers)), "content-length": Buffer.byteLength(text) }, ca: at.ca, servername: "localhost", host: "127.0.0.1", port: at.port });
        request.once("error", reject).once("response", (response) => response.resume().once("end", () => resolve(new Response(null, { status: response.statusCode }))));
        request.end(text);
      });
    const provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: at.id,
          ...(at.key ? { token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "ES256", jwks: { keys: [at.key] } } : { client_secret: at.secret }),
          redirect_uris: [at.redirect],
          post_logout_redirect_uris: [at.home],
          backchannel_logout_uri: at.departure,
          backchannel_logout_session_required: true,
          response_types: ["code"],
          grant_types: ["authorization_code"],
          id_token_signed_response_alg: "ES256",
        },
      ],
      jwks: { keys: [newKey().privateJwk] },
      cookies: { keys: ["one key for the cookies of this provider"] },
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["groups"] },
      conformIdTokenClaims: false,
      features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
      findAccount: (_, id) => account(id),
      fetch: post,
      async loadExistingGrant(ctx) {
        const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
        grant.addOIDCScope("openid email profile");
        await grant.save();
        return grant;
      },
    });
    this.errors = [];
    provider.on("server_error", (_, error) => this.errors.push(error));
    provider.on("backchannel.error", (_, error) => this.errors.push(error));
    this.#answer = provider.callback();
  }

  stop() {
    return close(this);
  }
}

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

export const signed = (claims, key, header = {}) => {
  const head = { alg: key.alg, kid: key.kid, typ: "JWT", ...header };
  const text = `${part(head)}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(text), key.alg === "ES256" ? { key: key.privateKey, dsaEncoding: "ieee-p1363" } : key.privateKey);
  return `${text}.${signature.toString("base64url")}`;
};

// Redeems any code that it gave out, once, after looking at PKCE; `token(claims, key)` makes the ID token of good claims.
export class LyingProvider {
  name = "the lying provider";
  sockets = new Set();
  key = newKey("RS256");
  clientId = clientId; // for whom its tokens are
  asked = [];
  behaviour = "answer"; // or "hang", "nonsense", "fail"
  document = {}; // replaces members of what it says of itself
  codes = new Map(); // code -> {challenge, nonce}
  given = []; // all codes
  token = (claims, key) => signed(claims, key);

  static async start(tls) {
    const provider = new LyingProvider();
    await listen(provider, tls, (request, response) => provider.#answer(request, response));
    return provider;
  }

  rotate() {
    this.key = newKey("RS256");
  }

  // claims: good ones.
  claims(nonce, more = {}) {
    const now = Math.floor(Date.now() / 1000);
    return { iss: this.issuer, aud: this.clientId, sub: "alice", email: "alice@vendor.example", email_verified: true, iat: now, exp: now + 300, nonce, sid: "s-1", amr: ["pwd", "otp"], acr: "gold", ...more };
  }

  // code: what a person at the provider gets, for the authorization request at `location`.
  code(location) {
    const asked = new URL(location).searchParams;
    const code = randomBytes(12).toString("hex");
    this.given.push(code);
    this.codes.set(code, { challenge: asked.get("code_challenge"), nonce: asked.get("nonce"), asked });
    return { code, state: asked.get("state"), iss: this.issuer };
  }

  #answer(request, response) {
    const path = request.url.split("?")[0];
    this.asked.push(path);
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      if (this.behaviour === "hang") return;
      if (this.behaviour === "nonsense") return request.socket.end("220 I speak something else\r\n");
      if (this.behaviour === "fail") return response.writeHead(500).end("no");
      const json = (status, value) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
      if (path === "/keys") return json(200, { keys: [this.key.jwk] });
      if (path === "/token") return this.#redeem(new URLSearchParams(body), json);
      const at = (where) => `${this.issuer}/${where}`;
      json(200, {
        issuer: this.issuer,
        authorization_endpoint: at("auth"),
        token_endpoint: at("token"),
        jwks_uri: at("keys"),
        response_types_supported: ["code"],
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
        ...this.document,
      });
    });
  }

  #redeem(form, json) {
    const known = this.codes.get(form.get("code"));
    this.codes.delete(form.get("code"));
    const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    if (!known || challenge !== known.challenge) return json(400, { error: "invalid_grant", error_description: "this code is not yours" });
    this.redeemed = form; // the last one
    json(200, { access_token: "opaque", token_type: "Bearer", id_token: this.token(this.claims(known.nonce), this.key) });
  }

  stop() {
    return close(this);
  }
}
