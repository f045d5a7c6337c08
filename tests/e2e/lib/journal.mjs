// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log itself, read from its segments as docs/LOG.md describes them: what stands here is what the gateway has kept, whatever
// the index over it says.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const kHeader = 32;
const kRecordHead = 20;

const readSegment = (file) => {
  const bytes = readFileSync(file);
  const records = [];
  for (let at = kHeader; at + kRecordHead <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    const end = at + kRecordHead + length;
    if (length === 0 || end > bytes.length) break; // torn, or still being written
    records.push({ index: Number(bytes.readBigUInt64LE(at + 8)), text: bytes.subarray(at + kRecordHead, end).toString("utf8") });
    at = end;
  }
  return { sequence: bytes.readUInt32LE(8), first: Number(bytes.readBigUInt64LE(16)), records };
};

// readJournal: the events of a gateway's log, oldest first. A segment ends where a later one begins.
export const readJournal = (gateway, state = join(gateway.folder, "state")) => {
  const folder = join(state, "journal");
  const segments = readdirSync(folder)
    .filter((name) => name.endsWith(".journal"))
    .map((name) => readSegment(join(folder, name)))
    .sort((a, b) => a.sequence - b.sequence);
  return segments.flatMap((segment, i) => {
    const end = Math.min(...segments.slice(i + 1).map((later) => later.first));
    return segment.records.filter((record) => record.index < end).map((record) => JSON.parse(record.text));
  });
};
