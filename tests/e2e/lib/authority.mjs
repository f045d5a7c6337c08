// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An authority of a component's own, with the openssl command: its servers' certificates and its clients'.
import { X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./process.mjs";
import { makeFolder, removeFolder } from "./owned.mjs";

const kKeys = {
  "P-256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  rsa: ["-newkey", "rsa:2048"],
  ed25519: ["-newkey", "ed25519"],
};

const openssl = async (...argv) => {
  const made = await run("openssl", argv);
  if (made.code !== 0) throw new Error(`openssl ${argv[0]}: ${made.stderr}`);
};

export class Authority {
  #folder = makeFolder("authority");
  #revoked = [];
  #number = 1;

  static async make(name) {
    const own = new Authority();
    mkdirSync(join(own.#folder, "issued"));
    own.file = join(own.#folder, "root.pem");
    await openssl("req", "-x509", "-days", "2", ...kKeys["P-256"], "-nodes", "-subj", `/CN=${name}`, "-keyout", join(own.#folder, "root.key"), "-out", own.file);
    own.pem = readFileSync(own.file, "utf8");
    return own;
  }

  async #issue(name, type, extensions, days = 2) {
    const [request, key, out, extra] = ["csr", "key", "pem", "cnf"].map((end) => join(this.#folder, "issued", `${name}.${end}`));
    writeFileSync(extra, `basicConstraints=CA:FALSE\n${extensions}\n`);
    await openssl("req", "-new", ...kKeys[type], "-nodes", "-subj", `/CN=${name}`, "-keyout", key, "-out", request);
    await openssl("x509", "-req", "-days", `${days}`, "-in", request, "-CA", this.file, "-CAkey", join(this.#folder, "root.key"), "-CAcreateserial", "-extfile", extra, "-out", out);
    return { certificate: readFileSync(out, "utf8"), key: readFileSync(key, "utf8") };
  }

  // server: {certificate, key} in PEM for 127.0.0.1, or for other names ("DNS:a.example"); type as of client. more: lines of extensions.
  server(name = "component", { names = ["IP:127.0.0.1"], type = "P-256", more = "", days } = {}) {
    return this.#issue(name, type, `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n${more}`, days);
  }
  // client: {certificate, key} in PEM; type is P-256, rsa or ed25519.
  client(name, type = "P-256") {
    return this.#issue(name, type, "extendedKeyUsage=clientAuth");
  }
  // engineer: the same for whoever has this address. more: lines of extensions.
  engineer(name, email, more = "") {
    return this.#issue(name, "P-256", `extendedKeyUsage=clientAuth\nsubjectAltName=email:${email}\n${more}`);
  }

  // sign: a certificate for who made the request (PEM), with these extensions, from and until so many hours from now.
  async sign(request, extensions, [from, until] = [-1, 48]) {
    const [asked, out, extra, config, index] = ["csr", "pem", "ext", "cnf", "index"].map((end) => join(this.#folder, `signed-${this.#number}.${end}`));
    const serial = (0x100 + this.#number++).toString(16).padStart(4, "0");
    const stamp = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString().replace(/[-:T]|\.\d+/g, "").slice(2);
    writeFileSync(asked, request);
    writeFileSync(index, "");
    writeFileSync(`${config}.serial`, `${serial}\n`);
    writeFileSync(extra, `basicConstraints=CA:FALSE\n${extensions}\n`);
    const own = [`database=${index}`, `serial=${config}.serial`, `new_certs_dir=${this.#folder}`, "default_md=sha256", "policy=any"];
    writeFileSync(config, `[ca]\ndefault_ca=own\n[own]\n${own.join("\n")}\n[any]\ncommonName=optional\n`);
    const key = join(this.#folder, "root.key");
    await openssl("ca", "-batch", "-notext", "-config", config, "-in", asked, "-subj", "/CN=signed", "-startdate", stamp(from), "-enddate", stamp(until), "-extfile", extra, "-cert", this.file, "-keyfile", key, "-out", out);
    return readFileSync(out, "utf8");
  }

  // crl: of all that were revoked until now, good for so many seconds, in PEM. more: lines of extensions.
  async crl(seconds = 3600, more = "") {
    const [config, out] = [join(this.#folder, "ca.cnf"), join(this.#folder, "root.crl")];
    const stamp = (time) => time.toISOString().replace(/[-:T]|\.\d+/g, "").slice(2);
    const lines = this.#revoked.map((serial) => `R\t${stamp(new Date(Date.now() + 86_400_000))}\t${stamp(new Date())}\t${serial}\tunknown\t/CN=x\n`);
    writeFileSync(join(this.#folder, "index.txt"), lines.join(""));
    writeFileSync(join(this.#folder, "crlnumber"), (0x100 + this.#number++).toString(16).padStart(4, "0"));
    writeFileSync(config, `[ca]\ndefault_ca=own\n[own]\ndatabase=${this.#folder}/index.txt\ncrlnumber=${this.#folder}/crlnumber\ndefault_md=sha256\n${more && `crl_extensions=more\n[more]\n${more}\n`}`);
    await openssl("ca", "-config", config, "-gencrl", "-crlsec", String(seconds), "-keyfile", join(this.#folder, "root.key"), "-cert", this.file, "-out", out);
    return readFileSync(out, "utf8");
  }
  // revoke: a certificate in PEM, for the lists from now on.
  revoke(certificate) {
    this.#revoked.push(new X509Certificate(certificate).serialNumber);
  }

  // ocsp: the answer to an OCSP request (both DER) about certificates of this authority, good for an hour: of those that it took back by
  // `revoke`, or of all of them.
  async ocsp(request, { revoked = false } = {}) {
    const [asked, answer, index] = ["asked", "answer", "index"].map((name) => join(this.#folder, name));
    writeFileSync(asked, request);
    const lines = [];
    for (const file of readdirSync(join(this.#folder, "issued")).filter((name) => name.endsWith(".pem"))) {
      const { stdout } = await run("openssl", ["x509", "-noout", "-serial", "-in", join(this.#folder, "issued", file)]);
      const serial = stdout.trim().split("=")[1];
      const back = revoked || this.#revoked.includes(serial);
      lines.push(`${back ? "R\t491231235959Z\t200101000000Z" : "V\t491231235959Z\t"}\t${serial}\tunknown\t/CN=${serial}\n`);
    }
    writeFileSync(index, lines.join(""));
    const key = join(this.#folder, "root.key");
    await openssl("ocsp", "-index", index, "-CA", this.file, "-rsigner", this.file, "-rkey", key, "-reqin", asked, "-respout", answer, "-nmin", "60");
    return readFileSync(answer);
  }

  stop() {
    removeFolder(this.#folder);
  }
}
