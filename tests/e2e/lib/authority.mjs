// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An authority of a component's own, with the openssl command: its servers' certificates and its clients'.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
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

  static async make(name) {
    const own = new Authority();
    mkdirSync(join(own.#folder, "issued"));
    own.file = join(own.#folder, "root.pem");
    await openssl("req", "-x509", "-days", "2", ...kKeys["P-256"], "-nodes", "-subj", `/CN=${name}`, "-keyout", join(own.#folder, "root.key"), "-out", own.file);
    own.pem = readFileSync(own.file, "utf8");
    return own;
  }

  async #issue(name, type, extensions) {
    const [request, key, out, extra] = ["csr", "key", "pem", "cnf"].map((end) => join(this.#folder, "issued", `${name}.${end}`));
    writeFileSync(extra, `basicConstraints=CA:FALSE\n${extensions}\n`);
    await openssl("req", "-new", ...kKeys[type], "-nodes", "-subj", `/CN=${name}`, "-keyout", key, "-out", request);
    await openssl("x509", "-req", "-days", "2", "-in", request, "-CA", this.file, "-CAkey", join(this.#folder, "root.key"), "-CAcreateserial", "-extfile", extra, "-out", out);
    return { certificate: readFileSync(out, "utf8"), key: readFileSync(key, "utf8") };
  }

  // server: {certificate, key} in PEM for 127.0.0.1.
  server(name = "component") {
    return this.#issue(name, "P-256", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth");
  }
  // client: {certificate, key} in PEM; type is P-256, rsa or ed25519.
  client(name, type = "P-256") {
    return this.#issue(name, type, "extendedKeyUsage=clientAuth");
  }

  stop() {
    removeFolder(this.#folder);
  }
}
