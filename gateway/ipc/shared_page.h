// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A page of memory that two processes see: whoever makes it hands out descriptors, with which others map the same page to
// write or only to read it. Its size is sealed, so nobody's mapping can be taken away; what stands in it are atomics.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace postern::ipc {

class SharedPage {
 public:
  static constexpr std::size_t kSize = 4096;
  enum class Use { Read, Write };

  // what: names it in errors. All zeros, mapped to be written.
  static base::Result<SharedPage> make(std::string_view what);
  // Invalid: memory is not such a page.
  static base::Result<SharedPage> attach(base::UniqueFd memory, Use use, std::string_view what);
  ~SharedPage();
  SharedPage(SharedPage&& other) noexcept;
  SharedPage& operator=(SharedPage&& other) noexcept;

  void* address() const { return address_; }
  // Use::Read: whoever has it cannot map it to be written.
  base::Result<base::UniqueFd> share(Use use) const;

 private:
  SharedPage(base::UniqueFd memory, void* address) : memory_(std::move(memory)), address_(address) {}
  static base::Result<SharedPage> map(base::UniqueFd memory, Use use, std::string_view what);

  base::UniqueFd memory_;
  void* address_ = nullptr;
};

}  // namespace postern::ipc
