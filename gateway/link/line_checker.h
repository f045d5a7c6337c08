// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One check of the line, step by step, on a connection of its own, so that a person sees which step fails and why:
//
//   connection   the name was resolved and a connection opened, to the proxy where there is one (by the supervisor, whose
//                sentence tells the two apart)
//   proxy        it lets us through to Mission Control; only where one is configured
//   tls          the certificate is Mission Control's
//   http2        it speaks HTTP/2
//   identity     it knows this installation by its certificate
//   clock        the two clocks agree
//
// What follows a step that failed is not tried. Where the line is up, Mission Control is asked to take no reports at all, and
// the clock is the one that its orders tell; where it is not, the check asks for orders, and takes the first.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "gateway/link/line_connection.h"

namespace postern::link {

// The clocks may be so far apart: certificates, reports and windows for updates tell time by them.
inline constexpr base::Micros kMostSkew = 60 * base::kWallSecond;
// A sentence about clocks that are further apart; empty: they are not. skew: Mission Control's time minus ours.
std::string skew_sentence(base::Micros skew);

class LineChecker final : public loop::Disposable, private LineConnection::User {
 public:
  // steps: as the supervisor takes them. Once; the owner disposes of this.
  using Done = std::function<void(base::Json steps, bool ok)>;

  // skew: of the line that is up; nothing: it is not.
  LineChecker(loop::Loop& loop, const LineConnection::Connect& connect,
              std::shared_ptr<const LineSettings> settings, std::optional<base::Micros> skew,
              const LineTimes& times, Done done);
  ~LineChecker() override;
  void cancel();  // done is not called any more

 private:
  void on_step(LineConnection::Step step, const std::string& said) override;
  void on_over(const LineConnection::Over& over) override;
  void ask();
  void answered(const base::Result<LineAnswer>& answer);
  void take_order(std::string_view text);
  void known(base::Micros skew);
  void add(const char* step, bool ok, const std::string& said);
  void finish();

  loop::Loop& loop_;
  std::shared_ptr<const LineSettings> settings_;
  std::optional<base::Micros> skew_;
  Done done_;
  base::Json steps_ = base::Json::array();
  bool ok_ = true;
  base::Nanos since_;
  std::unique_ptr<LineConnection> connection_;
  loop::Timer patience_;
};

}  // namespace postern::link
