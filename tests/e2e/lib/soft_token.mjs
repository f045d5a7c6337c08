// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A token of SoftHSM (Debian's package) for one gateway, in a folder that belongs to its account.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ownedByAccount, run } from "./process.mjs";

export const kModule = "/usr/lib/softhsm/libsofthsm2.so";

export class SoftToken {
  pin = "4711-a-pin";

  // make: an empty token below that folder.
  static async make(folder) {
    const own = new SoftToken();
    [own.folder, own.tokens, own.settings] = [folder, join(folder, "tokens"), join(folder, "softhsm2.conf")];
    mkdirSync(own.tokens, { recursive: true });
    writeFileSync(own.settings, `directories.tokendir = ${own.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
    await own.#util("--init-token", "--free", "--label", "gateway", "--so-pin", "so-pin-of-nobody", "--pin", own.pin);
    return own;
  }

  async #command(program, argv) {
    const done = await run(program, argv, { env: { ...process.env, SOFTHSM2_CONF: this.settings } });
    if (done.code !== 0) throw new Error(`${program} ${argv.join(" ")}: ${done.stderr}${done.stdout}`);
    ownedByAccount(this.folder);
  }
  #util(...argv) {
    return this.#command("softhsm2-util", argv);
  }

  // add: a private key in PEM, under a label and an id (hexadecimal). It stays in no file.
  async add(label, id, key) {
    const file = join(this.folder, "import.pem");
    writeFileSync(file, key, { mode: 0o600 });
    await this.#util("--import", file, "--token", "gateway", "--label", label, "--id", id, "--pin", this.pin);
    writeFileSync(file, "");
  }

  // logIn: by another program, with the right PIN.
  logIn() {
    return this.#command("pkcs11-tool", ["--module", kModule, "--token-label", "gateway", "--login", "--pin", this.pin, "--list-objects"]);
  }
}
