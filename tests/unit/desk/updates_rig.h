// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A desk, a vendor with one update, and installations that tell how far they are with it.
#pragma once

#include <map>
#include <string>

#include "base/bytes.h"
#include "line/updates.h"
#include "mission/desk/updates.h"
#include "tests/unit/desk/rig.h"
#include "tests/unit/update/vendor.h"

namespace postern::mission {

inline constexpr const char* kTestUpdate = "p-2.tar.gz";

class UpdatesRig : public DeskRig {
 protected:
  UpdatesRig() {
    vendor.add(kTestUpdate, artefact);
    vendor.publish();
  }
  Answer post(const std::string& target, const base::Json& body, http::Method method = http::Method::Post) {
    Answer answer = ask({.method = method, .target = target, .body = base::dump_json(body), .local = true});
    commits->flush();
    return answer;
  }
  base::Json get(const std::string& target) {
    return *base::parse_json(ask({.method = http::Method::Get, .target = target, .local = true}).body);
  }
  std::string file() const { return update::artefact_name(base::sha256_hex(artefact)); }
  Answer put(std::int64_t piece, const std::string& bytes) {
    return post("/api/v1/updates/files/" + file(),
                {{"length", artefact.size()}, {"piece", piece}, {"data", base::to_base64(bytes)}});
  }
  void upload() {
    for (std::size_t at = 0, piece = 0; at < artefact.size(); at += line::kUpdatePiece, ++piece)
      ASSERT_EQ(put(static_cast<std::int64_t>(piece), artefact.substr(at, line::kUpdatePiece)).status, 200);
  }
  Answer publish_all() {
    return post("/api/v1/updates", {{"roots", vendor.roots},
                                    {"timestamp", vendor.timestamp},
                                    {"snapshot", vendor.snapshot},
                                    {"targets", vendor.targets}});
  }
  void offer(int ring, int stop_at = 50) {
    ASSERT_EQ(
        post("/api/v1/updates/" + std::string(kTestUpdate) + "/offer", {{"ring", ring}, {"stop_at", stop_at}})
            .status,
        200);
  }
  Answer line_ask(const Enrolled& who, std::string_view path, const std::string& body) {
    return ask({.target = std::string(path), .body = body, .certificate = who.certificate});
  }
  Answer fetch(const Enrolled& who, const std::string& name, std::int64_t piece = 0) {
    return line_ask(who, line::kUpdateFilePath, line::format(line::UpdateAsk{name, piece}));
  }
  line::UpdateOffers offers_of(const Enrolled& who) {
    return line::parse_update_offers(line_ask(who, line::kUpdateOffersPath, "{}").body).value();
  }
  void tell(const Enrolled& who, const std::string& type, const std::string& outcome = "",
            const base::Json& besides = base::Json::object()) {
    line::Report report{ulid(),
                        line::Kind::Event,
                        1,
                        clock.wall(),
                        {{"type", type}, {"subject", kTestUpdate}, {"outcome", outcome}}};
    report.body.update(besides);
    ASSERT_EQ(this->report(who, {report}).status, 200);
  }

  std::map<std::string, base::Json> lags() {
    std::map<std::string, base::Json> out;
    const base::Json all = get("/api/v1/installations");
    for (const base::Json& each : all["items"]) out[each["id"]] = each["updates"];
    return out;
  }

  update::Vendor vendor;
  std::string artefact = std::string(line::kUpdatePiece, 'a') + "the rest";
};

}  // namespace postern::mission
