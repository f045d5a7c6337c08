// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's release desk: signs updates with `mission-control update`, away from any server. And what somebody forges who has its keys,
// or none: documents signed here by the specification, and not by our code.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, removeFolder } from "./owned.mjs";
import { run } from "./process.mjs";

export const kPiece = 192 << 10;
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value && typeof value === "object") return `{${Object.keys(value).sort().map((key) => `${canonical(key)}:${canonical(value[key])}`).join(",")}}`;
  return typeof value === "string" ? `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : JSON.stringify(value);
};

export class Vendor {
  name = "the vendor";

  // program: mission-control. A root of one key, and one key for each of the others.
  static async start(program) {
    const vendor = new Vendor();
    vendor.program = program;
    vendor.place = makeFolder("vendor");
    vendor.folder = join(vendor.place, "updates");
    for (const each of ["root", "release", "online", "stranger"]) await vendor.tool("key", "new", vendor.key(each), "--no-passphrase");
    await vendor.tool("root", "new", "--dir", vendor.folder, "--root", `${vendor.key("root")}.pub`, "--targets", `${vendor.key("release")}.pub`, "--snapshot", `${vendor.key("online")}.pub`, "--timestamp", `${vendor.key("online")}.pub`, "--key", vendor.key("root"));
    return vendor;
  }
  key(name) {
    return join(this.place, `${name}.key`);
  }
  async tool(...argv) {
    const answer = await run(this.program, ["update", ...argv]);
    if (answer.code !== 0) throw new Error(`mission-control update ${argv.join(" ")}: ${answer.stderr}`);
    return answer;
  }
  // release: an artefact of these bytes under that name.
  async release(name, bytes, ...argv) {
    mkdirSync(join(this.place, "made"), { recursive: true });
    const file = join(this.place, "made", name);
    writeFileSync(file, bytes);
    await this.tool("add", file, "--dir", this.folder, ...argv);
    await this.sign();
  }
  sign(...argv) {
    return this.tool("sign", "--dir", this.folder, "--key", this.key("release"), "--key", this.key("online"), ...argv);
  }
  document(name) {
    return readFileSync(join(this.folder, "metadata", name), "utf8");
  }
  get root() {
    return this.document("1.root.json");
  }
  // forged: the document with another content, signed by one of the vendor's keys, or by a stranger's under that key's name.
  forged(document, change, key = "online") {
    const { signed } = JSON.parse(document);
    change(signed);
    const secret = createPrivateKey(readFileSync(this.key(key)));
    const online = createPublicKey(createPrivateKey(readFileSync(this.key("online")))).export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
    const id = sha256(canonical({ keytype: "ed25519", keyval: { public: online }, scheme: "ed25519" }));
    return JSON.stringify({ signatures: [{ keyid: id, sig: sign(null, Buffer.from(canonical(signed)), secret).toString("hex") }], signed });
  }
  stop() {
    removeFolder(this.place);
  }
}
