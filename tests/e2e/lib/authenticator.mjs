// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an admin has in the pocket: an authenticator app's codes, and a device with passkeys, which Chromium plays.
import { createHmac } from "node:crypto";

// RFC 4648 and RFC 6238, as an app computes them.
const fromBase32 = (text) => {
  const bits = [...text].map((one) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(one).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
};
export const codeOf = (secret, step) => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac("sha1", fromBase32(secret)).update(counter).digest();
  return String((digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
};
export const stepNow = () => Math.floor(Date.now() / 30_000);

// The device in the browser's hand: it verifies its owner, keeps passkeys, and is always there. axe-core's session takes it away when
// it ends (Chromium switches a page's authenticators off with any session), so it is put aside and back.
export class Device {
  #credentials = [];

  async give(page) {
    this.session = await page.context().newCDPSession(page);
    await this.session.send("WebAuthn.enable");
    const { authenticatorId } = await this.session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    this.authenticatorId = authenticatorId;
    for (const credential of this.#credentials) await this.session.send("WebAuthn.addCredential", { authenticatorId, credential });
  }
  async putAside() {
    const { credentials } = await this.session.send("WebAuthn.getCredentials", { authenticatorId: this.authenticatorId });
    this.#credentials = credentials;
    await this.session.detach();
  }
}
