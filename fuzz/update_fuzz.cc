// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's metadata, as documents, and as what a vendor whose keys are in strange hands signs: nothing of it makes versions go
// back, and whatever is read is written in one form, which is read again and says the same.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "tests/unit/update/vendor.h"

using namespace postern;
using namespace postern::update;

namespace {

template <class Document>
void reads_again(const Envelope& envelope, base::Result<Document> (*read)(const Envelope&),
                 const char* role) {
  const auto first = read(envelope);
  if (!first.ok() || first->expires >= 253'402'300'799LL * base::kWallSecond) return;
  const auto written = unsigned_document(to_json(*first));
  POSTERN_CHECK(written.ok());
  const auto again = parse_envelope(*written, role, written->size());
  POSTERN_CHECK(again.ok() && read(*again).ok() && to_json(*read(*again)) == to_json(*first));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto one = parse_envelope(text, "root", kRootLimit); one.ok())
    reads_again(*one, read_root, "root");
  if (const auto one = parse_envelope(text, "timestamp", kTimestampLimit); one.ok())
    reads_again(*one, read_timestamp, "timestamp");
  if (const auto one = parse_envelope(text, "snapshot", kSnapshotLimit); one.ok())
    reads_again(*one, read_snapshot, "snapshot");
  if (const auto one = parse_envelope(text, "targets", kTargetsLimit); one.ok())
    reads_again(*one, read_targets, "targets");
  POSTERN_CHECK(!is_repository_name(text) || text.find('/') == std::string_view::npos);

  static const Vendor vendor;
  static const Trust known = [] {
    Trust trust = Trust::pin(vendor.roots.front()).value();
    POSTERN_CHECK(!take_all(trust, vendor));
    return trust;
  }();
  const auto json = base::parse_json(text, 12);
  if (!json.ok() || !json->is_object() || !json->contains("signed") || !json->at("signed").is_object())
    return 0;
  if (!unsigned_document(json->at("signed")).ok()) return 0;
  Trust trust = known;
  const std::string by_all =
      vendor.sign(json->at("signed"), {"root1", "root2", "targets", "snapshot", "timestamp"});
  if (!trust.take_root(by_all)) POSTERN_CHECK(trust.root().version == 2);
  const bool same_keys = trust.timestamp().has_value();
  if (!trust.take_timestamp(by_all, kVendorNow) && same_keys)
    POSTERN_CHECK(trust.timestamp()->version >= 1 && trust.timestamp()->expires > kVendorNow);
  static_cast<void>(trust.take_snapshot(by_all, kVendorNow));
  static_cast<void>(trust.take_targets(by_all, kVendorNow));
  bool left_out = false;
  const auto again = Trust::pin(vendor.roots.front(), trust.kept(), left_out);
  POSTERN_CHECK(again.ok() && again->root().version == trust.root().version);
  return 0;
}
