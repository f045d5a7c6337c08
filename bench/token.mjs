// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node bench/token.mjs [HANDSHAKES]
//
// What a full handshake costs the keeper with the listener's key in a file, and in a token of SoftHSM: one gateway of a build
// (POSTERN_BUILD), started anew for each. Prints microseconds of the keeper's CPU per handshake of TLS 1.3 (1,500 of them, four at a time).
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority } from "../tests/e2e/lib/authority.mjs";
import { LittleComponent } from "../tests/e2e/lib/component.mjs";
import { Gateway } from "../tests/e2e/lib/gateway.mjs";
import { connect } from "../tests/e2e/lib/handshake.mjs";
import { SoftToken, kModule } from "../tests/e2e/lib/soft_token.mjs";

const handshakes = Number(process.argv[2] ?? 1500);
const kAtATime = 4;

const shake = async (port) => (await connect(port, "localhost")).destroy();
const rounds = async (port, count) => {
  for (let i = 0; i < count; i += kAtATime) await Promise.all(Array.from({ length: kAtATime }, () => shake(port)));
};
// Nanoseconds on a processor so far.
const cpu = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]);

const measure = async (gateway, what) => {
  await gateway.serve();
  const { pid } = (await gateway.cli("status")).roles.find((role) => role.name === "keeper");
  await rounds(gateway.port, handshakes / 10);
  const before = cpu(pid);
  await rounds(gateway.port, handshakes);
  console.log(`${what.padEnd(18)} ${((cpu(pid) - before) / 1000 / handshakes).toFixed(0).padStart(5)} us of the keeper's CPU per full handshake`);
  await gateway.halt();
};

const component = await LittleComponent.start((_, response) => response.end("here\n"));
const authority = await Authority.make("bench");
const gateway = await Gateway.start({ services: component.services, configure: (text) => `${text}workers: 1\n` });
try {
  const original = readFileSync(gateway.configFile, "utf8");
  await gateway.halt();
  const token = await SoftToken.make(join(gateway.folder, "hsm"));
  gateway.writeSecret("keys/pin", `${token.pin}\n`);
  const module = `pkcs11: {module: ${kModule}, pin: keys/pin, environment: [SOFTHSM2_CONF=${token.settings}], paths: [${token.tokens}]}\n`;
  for (const [number, type] of ["P-256", "rsa"].entries()) {
    const pair = await authority.server(type, { names: ["DNS:localhost"], type });
    await token.add(type, `0${number + 1}`, pair.key);
    writeFileSync(join(gateway.folder, "certs/support.pem"), pair.certificate);
    writeFileSync(join(gateway.folder, "keys/support.key"), pair.key);
    gateway.writeConfig(original);
    await measure(gateway, `${type}, in a file`);
    gateway.writeConfig(original.replace(/"?keys\/support\.key"?/, `"pkcs11:token=gateway;object=${type}"`) + module);
    await measure(gateway, `${type}, in a token`);
  }
} finally {
  await gateway.stop();
  await component.stop();
  authority.stop();
}
