// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a gateway's processes hold and use, for the benchmarks beside this file.
import { readFileSync, readdirSync } from "node:fs";
import { descendants } from "../tests/e2e/lib/owned.mjs";

// rolesOf: [{pid, name}] of all processes of the gateway, as `status` names them; the supervisor first.
export const rolesOf = async (gateway) => {
  const { roles } = await gateway.cli("status");
  const named = new Map(roles.map((role) => [role.pid, role.name]));
  return [gateway.pid, ...descendants(gateway.pid)].map((pid) => ({ pid, name: named.get(pid) ?? "supervisor" }));
};

const kibibytes = (pid, field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);

// residentKiB: now. mostResidentKiB: the most it ever was.
export const residentKiB = (pid) => kibibytes(pid, "VmRSS");
export const mostResidentKiB = (pid) => kibibytes(pid, "VmHWM");
export const showResident = (roles) =>
  roles.map(({ pid, name }) => `${name} ${(residentKiB(pid) / 1024).toFixed(1)} (at most ${(mostResidentKiB(pid) / 1024).toFixed(1)})`).join(", ");

// cpuNanoseconds: on a processor so far, all threads of all of them together.
export const cpuNanoseconds = (pids) =>
  pids
    .flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}/schedstat`))
    .reduce((sum, file) => sum + Number(readFileSync(file, "utf8").split(" ")[0]), 0);

export const quantile = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))];
