// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// node embed.mjs DIRECTORY PREFIX NAMESPACE FUNCTION HEADER OUTPUT: every file below DIRECTORY as one C++ table of base::Asset,
// sorted by path, found by FUNCTION(path). PREFIX comes before each path; index.html is the prefix itself. The same input
// gives the same output, byte for byte.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

const kTypes = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
const kSmall = 1024; // bytes: fit a packet as they are, and what is not compressed need not be judged for what compression gives away
const kHashed = /-[A-Za-z0-9_-]{8}\.[a-z]+$/; // how Vite names what it hashed

function files_below(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files_below(join(directory, entry.name)) : [join(directory, entry.name)],
  );
}

function array(name, bytes) {
  const lines = [];
  for (let i = 0; i < bytes.length; i += 32) lines.push([...bytes.subarray(i, i + 32)].join(','));
  return `constexpr unsigned char ${name}[] = {\n${lines.join(',\n')}};\n`;
}

const [directory, prefix, space, find, header, output] = process.argv.slice(2);
const assets = files_below(directory)
  .map((file) => {
    const name = relative(directory, file);
    const type = kTypes[extname(name)];
    if (!type) throw new Error(`${name}: embed.mjs knows no content type for it`);
    const bytes = readFileSync(file);
    if (bytes.length === 0) throw new Error(`${name} is empty`);
    const packed = gzipSync(bytes, { level: 9 });
    packed[9] = 255; // "unknown system", so that the output does not depend on where it was made
    return {
      path: name === 'index.html' ? prefix : prefix + name,
      type,
      bytes,
      gzip: bytes.length > kSmall && packed.length < bytes.length ? packed : null,
      etag: createHash('sha256').update(bytes).digest('hex').slice(0, 32),
      immutable: kHashed.test(name),
    };
  })
  .sort((a, b) => (a.path < b.path ? -1 : 1));

const arrays = assets.map(
  (asset, i) => array(`kBytes${i}`, asset.bytes) + (asset.gzip ? array(`kGzip${i}`, asset.gzip) : ''),
);
const rows = assets.map(
  (asset, i) =>
    `      {${JSON.stringify(asset.path)}, ${JSON.stringify(asset.type)}, ${JSON.stringify(`W/"${asset.etag}"`)}, text(kBytes${i}), ` +
    `${asset.gzip ? `text(kGzip${i})` : '{}'}, ${asset.immutable}},`,
);

writeFileSync(
  output,
  `// Made by cmake/embed.mjs.
#include "${header}"

#include <string_view>

namespace ${space} {
namespace {

${arrays.join('')}
template <typename Array>
std::string_view text(const Array& bytes) {
  return {reinterpret_cast<const char*>(bytes), sizeof(bytes)};
}

}  // namespace

const base::Asset* ${find}(std::string_view path) {
  static const base::Asset assets[] = {
${rows.join('\n')}
  };
  for (const base::Asset& asset : assets) {
    if (asset.path == path) return &asset;
  }
  return nullptr;
}

}  // namespace ${space}
`,
);
