// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/shared_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/file.h"

namespace postern::ipc {
namespace {

constexpr int kPageSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

}  // namespace

base::Result<SharedPage> SharedPage::map(base::UniqueFd memory, Use use, std::string_view what) {
  const int may = use == Use::Read ? PROT_READ : PROT_READ | PROT_WRITE;
  void* address = ::mmap(nullptr, kSize, may, MAP_SHARED, memory.get(), 0);
  if (address == MAP_FAILED) return base::fail_errno("mmap of " + std::string(what), errno);
  return SharedPage(std::move(memory), address);
}

base::Result<SharedPage> SharedPage::make(std::string_view what) {
  base::UniqueFd memory(::memfd_create("postern-page", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.valid() || ::ftruncate(memory.get(), static_cast<off_t>(kSize)) != 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, kPageSeals) != 0)
    return base::fail_errno("memory for " + std::string(what), errno);
  return map(std::move(memory), Use::Write, what);
}

base::Result<SharedPage> SharedPage::attach(base::UniqueFd memory, Use use, std::string_view what) {
  struct stat info {};
  if (base::stat_open_file(memory.get(), info) != 0)
    return base::fail_errno("fstat of " + std::string(what), errno);
  const int seals = ::fcntl(memory.get(), F_GET_SEALS);
  if (info.st_size != static_cast<off_t>(kSize) || seals < 0 || (seals & kPageSeals) != kPageSeals)
    return base::fail(base::Code::Invalid,
                      "the memory offered for " + std::string(what) + " has the wrong size or is not sealed");
  return map(std::move(memory), use, what);
}

SharedPage::~SharedPage() {
  if (address_ != nullptr) ::munmap(address_, kSize);
}

SharedPage::SharedPage(SharedPage&& other) noexcept
    : memory_(std::move(other.memory_)), address_(std::exchange(other.address_, nullptr)) {}

SharedPage& SharedPage::operator=(SharedPage&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(address_, other.address_);
  return *this;
}

base::Result<base::UniqueFd> SharedPage::share(Use use) const {
  // A descriptor of its own, with a mode of its own: a copy would have that of the original.
  const std::string self = "/proc/self/fd/" + std::to_string(memory_.get());
  base::UniqueFd shared(use == Use::Read ? ::open(self.c_str(), O_RDONLY | O_CLOEXEC)
                                         : ::fcntl(memory_.get(), F_DUPFD_CLOEXEC, 0));
  if (!shared.valid()) return base::fail_errno("a descriptor for a shared page", errno);
  return shared;
}

}  // namespace postern::ipc
