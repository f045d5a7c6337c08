// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/admission.h"

#include <algorithm>

namespace postern::enforcer {
namespace {

constexpr base::Nanos kSoon = base::kSecond;  // where nobody knows when something will have ended

base::Nanos take_request(base::Pace& pace, std::int64_t per_second, base::Nanos now) {
  if (per_second == 0) return 0;
  return pace.take({per_second * Admission::kBurstSeconds, base::kSecond / per_second}, now);
}

}  // namespace

Admission::Use& Admission::find(Uses& uses, std::string_view name) {
  const auto known = uses.find(name);
  if (known != uses.end()) return known->second;
  return uses[uses.size() < kMostTracked ? std::string(name) : std::string()];
}

Reached Admission::enter(const AdmissionLimits& limits, std::string_view address, base::Nanos now,
                         Place& place) {
  if (under_way_ >= limits.exchanges) return {Limit::Exchanges, kSoon};
  if (now - asked_at_ >= kMemoryEvery) {
    asked_at_ = now;
    is_full_ = uses_more_(limits.memory);
  }
  if (is_full_) return {Limit::Memory, kSoon};
  Use& use = find(addresses_, address);
  if (use.under_way >= limits.address.exchanges) return {Limit::ExchangesPerAddress, kSoon};
  if (const base::Nanos wait = take_request(use.requests, limits.address.requests, now); wait > 0)
    return {Limit::RequestsPerAddress, wait};
  place = Place(use, &under_way_);
  return {};
}

Reached Admission::enter_session(const AdmissionLimits& limits, std::string_view engineer,
                                 std::string_view session, base::Nanos now, Place& of_engineer,
                                 Place& of_session) {
  Use& all = find(engineers_, engineer);
  Use& own = find(sessions_, session);
  if (own.under_way >= limits.session.exchanges) return {Limit::ExchangesPerSession, kSoon};
  if (all.under_way >= limits.engineer.exchanges) return {Limit::ExchangesPerEngineer, kSoon};
  if (const base::Nanos wait = take_request(own.requests, limits.session.requests, now); wait > 0)
    return {Limit::RequestsPerSession, wait};
  if (const base::Nanos wait = take_request(all.requests, limits.engineer.requests, now); wait > 0)
    return {Limit::RequestsPerEngineer, wait};
  of_engineer = Place(all, nullptr);
  of_session = Place(own, nullptr);
  return {};
}

Reached Admission::try_sign_in(std::string_view address, base::Nanos now) {
  const base::Nanos wait = find(addresses_, address).sign_ins.take(kSignIns, now);
  return wait > 0 ? Reached{Limit::SignIns, wait} : Reached{};
}

void Admission::signed_in(std::string_view address) {
  find(addresses_, address).sign_ins.give_back(kSignIns);
}

bool Admission::may_record(std::string_view address, base::Nanos now) {
  Use& use = find(addresses_, address);
  if (use.recorded.take(kRecorded, now) > 0) return false;
  return all_recorded_.take(kAllRecorded, now) == 0;
}

bool Admission::may_record_of_session(std::string_view session, base::Nanos now) {
  return find(sessions_, session).recorded.take(kRecorded, now) == 0;
}

void Admission::forget_idle(base::Nanos now) {
  for (Uses* uses : {&addresses_, &engineers_, &sessions_}) {
    std::erase_if(*uses, [now](const auto& entry) {
      const Use& use = entry.second;
      return use.under_way == 0 && use.requests.full(now) && use.sign_ins.full(now) && use.recorded.full(now);
    });
  }
}

}  // namespace postern::enforcer
