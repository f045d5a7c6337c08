// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/update_verify.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "gateway/cli/new_file.h"
#include "gateway/cli/table.h"
#include "update/trust.h"

namespace postern::cli {
namespace {

using base::Json;

constexpr std::size_t kDocumentsLimit = 32U << 20U;  // 256 roots and the rest, as JSON
constexpr int kDocumentsDepth = 6;

struct VerifyWish {
  std::string file, root, documents, known, product = "postern", version;
};

const std::vector<Column> kVerified{{"Artefact", "name"},   {"Of", "of"},
                                    {"Version", "version"}, {"Bytes", "length"},
                                    {"SHA-256", "sha256"},  {"Documents good until", "expires", Kind::Time}};

struct Summed {
  std::string sha256;
  std::int64_t length = 0;
};
base::Result<Summed> sum_of(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return base::fail_errno(path, errno);
  base::Sha256Stream hash;
  Summed out;
  std::array<char, 64U << 10U> piece;
  for (;;) {
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return base::fail_errno(path, errno);
    if (size == 0) break;
    hash.update({piece.data(), static_cast<std::size_t>(size)});
    out.length += size;
  }
  out.sha256 = base::to_hex(base::view(hash.finish()));
  return out;
}

// What the ledger keeps, or what this command wrote the last time.
base::Result<update::Kept> read_kept(const std::string& path) {
  const auto text = base::read_file(path, kDocumentsLimit);
  if (!text.ok()) return text.error();
  const auto json = base::parse_json(*text, kDocumentsDepth);
  if (!json.ok() || !json->is_object())
    return base::fail(base::Code::Invalid, path + " has no documents of updates in it");
  const Json& kept = json->contains("kept") ? json->at("kept") : *json;
  if (!kept.is_object()) return base::fail(base::Code::Invalid, path + " has no documents of updates in it");
  return update::parse_kept(kept);
}

base::Result<update::Trust> begin_with(const VerifyWish& wish) {
  const auto root = base::read_file(wish.root, update::kRootLimit);
  if (!root.ok()) return root.error();
  if (wish.known.empty() || ::access(wish.known.c_str(), F_OK) != 0) return update::Trust::pin(*root);
  const auto known = read_kept(wish.known);
  if (!known.ok()) return known.error();
  bool left_out = false;
  auto out = update::Trust::pin(*root, *known, left_out);
  if (out.ok() && left_out)
    return base::fail(base::Code::Invalid,
                      wish.known +
                          " does not follow from the root: remove it only if the root was "
                          "replaced on purpose");
  return out;
}

// Roots that are known already are passed over; of all else the first that is not taken ends it.
update::Taken follow_documents(update::Trust& trust, const update::Kept& offered, base::Micros now) {
  for (const std::string& root : offered.roots) {
    const auto envelope = update::parse_envelope(root, "root", update::kRootLimit);
    if (envelope.ok() && envelope->version <= trust.root().version) continue;
    if (update::Taken refused = trust.take_root(root); refused) return refused;
  }
  if (update::Taken refused = trust.no_more_roots(now); refused) return refused;
  if (update::Taken refused = trust.take_timestamp(offered.timestamp, now); refused) return refused;
  if (!trust.snapshot_is_named()) {
    if (update::Taken refused = trust.take_snapshot(offered.snapshot, now); refused) return refused;
  }
  if (!trust.targets_are_named()) {
    if (update::Taken refused = trust.take_targets(offered.targets, now); refused) return refused;
  }
  return trust.look(now);
}

base::Result<update::Target> find_target(const update::Trust& trust, const VerifyWish& wish,
                                         const Summed& sum) {
  const std::string what = "no signed artefact of " + base::printable(wish.product, 64) +
                           (wish.version.empty() ? "" : " " + base::printable(wish.version, 64));
  for (const auto& [name, target] : trust.targets()->targets) {
    const bool wanted = target.product && target.of == wish.product &&
                        (wish.version.empty() || target.version == wish.version);
    if (wanted && target.sha256 == sum.sha256 && target.length == sum.length) return target;
  }
  return base::fail(base::Code::Denied, what + " is this file: its SHA-256 is " + sum.sha256);
}

// Beside it and renamed, so that a crash leaves one or the other.
base::Status remember(const std::string& path, const update::Kept& kept) {
  const std::string made = path + ".new";
  ::unlink(made.c_str());
  if (base::Status written = write_new_file(made, base::dump_json(update::to_json(kept)) + "\n", 0600);
      !written.ok())
    return written;
  if (std::rename(made.c_str(), path.c_str()) != 0) return base::fail_errno(path, errno);
  return base::Ok{};
}

int verify_update(Program& program, const VerifyWish& wish) {
  const auto sum = sum_of(wish.file);
  if (!sum.ok()) return fail_with(sum.error().message);
  const auto offered = read_kept(wish.documents);
  if (!offered.ok()) return fail_with(offered.error().message);
  auto trust = begin_with(wish);
  if (!trust.ok()) return fail_with(trust.error().message);
  if (const update::Taken refused = follow_documents(*trust, *offered, base::SystemClock().wall()); refused)
    return fail_with("the vendor's documents are not believed: " + refused->sentence);
  const auto target = find_target(*trust, wish, *sum);
  if (!target.ok()) return fail_with(target.error().message);
  if (!wish.known.empty()) {
    if (const base::Status kept = remember(wish.known, trust->kept()); !kept.ok())
      return fail_with(kept.error().message);
  }
  const Json said{{"name", target->name},       {"of", target->of},
                  {"version", target->version}, {"length", target->length},
                  {"sha256", target->sha256},   {"expires", base::format_time(trust->timestamp()->expires)}};
  print(program.json() ? base::dump_json(said) + "\n" : to_lines(said, kVerified));
  return kDone;
}

}  // namespace

void add_update_verify(Program& program, CLI::App* group) {
  auto wish = std::make_shared<VerifyWish>();
  CLI::App* verify = program.command(
      group, "verify",
      "Say whether a file is what the vendor signed, by the root that you pinned; asks nobody",
      "update verify ./postern.tar.gz --root /etc/postern-update/1.root.json --documents "
      "/var/lib/postern/updates/state.json --known /var/lib/postern-update/known.json",
      [&program, wish] { return verify_update(program, *wish); });
  verify->add_option("file", wish->file, "the artefact")->required()->type_name("FILE");
  verify->add_option("--root", wish->root, "the vendor's 1.root.json, which a person put there")
      ->required()
      ->type_name("FILE");
  verify
      ->add_option("--documents", wish->documents,
                   "the vendor's signed documents, as the gateway keeps them in its state directory")
      ->required()
      ->type_name("FILE");
  verify
      ->add_option("--known", wish->known,
                   "the newest that were believed before, so that nothing goes back; written anew")
      ->type_name("FILE");
  verify->add_option("--product", wish->product, "whose artefact it must be; postern unless said otherwise")
      ->type_name("NAME");
  verify->add_option("--version", wish->version, "the version that it must be")->type_name("V");
}

}  // namespace postern::cli
