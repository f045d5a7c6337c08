// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/token/settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "gateway/token/uri.h"

namespace postern::token {
namespace {

using base::Code;
using base::fail;

// path and each folder above it.
base::Status check_way(const std::string& path) {
  std::string part = path;
  while (true) {
    struct stat info {};
    if (::stat(part.c_str(), &info) != 0) return base::fail_errno(part, errno);
    if (info.st_uid != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
      return fail(Code::Denied,
                  part +
                      ": a module is code that runs beside the keys, so it and the folders above it must " +
                      "belong to root, and nobody else may write them: chown root:root " + part +
                      " && chmod go-w " + part);
    }
    if (part == "/") return base::Ok{};
    part.resize(std::max<std::size_t>(part.rfind('/'), 1));
  }
}

}  // namespace

std::string wrong_with_uri(const std::string& uri) {
  if (uri.size() > kUriLimit) return "is longer than " + std::to_string(kUriLimit) + " bytes";
  const UriPtr parsed(p11_kit_uri_new());
  if (parsed == nullptr) return "cannot be read: there is no memory";
  if (const int code = p11_kit_uri_parse(uri.c_str(), P11_KIT_URI_FOR_ANY, parsed.get());
      code != P11_KIT_URI_OK)
    return std::string("is no PKCS #11 URI (RFC 7512): ") + p11_kit_uri_message(code);
  if (p11_kit_uri_any_unrecognized(parsed.get()) != 0) return "has a part that RFC 7512 does not know";
  if (p11_kit_uri_get_pin_value(parsed.get()) != nullptr ||
      p11_kit_uri_get_pin_source(parsed.get()) != nullptr)
    return "must say nothing of the PIN: name its file with pkcs11.pin";
  if (p11_kit_uri_get_module_name(parsed.get()) != nullptr ||
      p11_kit_uri_get_module_path(parsed.get()) != nullptr)
    return "must name no module: that is pkcs11.module";
  const CK_ATTRIBUTE* type = p11_kit_uri_get_attribute(parsed.get(), CKA_CLASS);
  if (type != nullptr && *static_cast<const CK_OBJECT_CLASS*>(type->pValue) != CKO_PRIVATE_KEY)
    return "must have type=private, or no type";
  const CK_TOKEN_INFO* token = p11_kit_uri_get_token_info(parsed.get());
  if (token->label[0] == 0 && token->serialNumber[0] == 0)
    return "needs token= or serial=, which name the token";
  if (p11_kit_uri_get_attribute(parsed.get(), CKA_LABEL) == nullptr &&
      p11_kit_uri_get_attribute(parsed.get(), CKA_ID) == nullptr)
    return "needs object= or id=, which name the key in the token";
  return {};
}

base::Result<std::string> check_module_file(const std::string& path) {
  if (!path.starts_with('/')) return fail(Code::Invalid, path + ": a module is named by an absolute path");
  char real[PATH_MAX];
  if (::realpath(path.c_str(), real) == nullptr) return base::fail_errno(path, errno);
  struct stat info {};
  if (::stat(real, &info) != 0) return base::fail_errno(path, errno);
  if (!S_ISREG(info.st_mode)) return fail(Code::Invalid, path + ": a module must be a regular file");
  for (const std::string& way : {path, std::string(real)}) {
    if (base::Status sound = check_way(way); !sound.ok()) return std::move(sound).error();
  }
  return std::string(real);
}

bool is_variable(std::string_view text) {
  constexpr std::array<std::string_view, 6> kNever{"LD_", "OPENSSL", "SSL_", "MALLOC_", "GLIBC_", "RES_"};
  const std::string_view name = text.substr(0, text.find('='));
  const auto is_name_character = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return name.size() < text.size() && !name.empty() && (name[0] < '0' || name[0] > '9') &&
         std::all_of(name.begin(), name.end(), is_name_character) &&
         std::none_of(kNever.begin(), kNever.end(),
                      [&](std::string_view never) { return name.starts_with(never); });
}

void set_variables(const std::vector<std::string>& variables) {
  for (const std::string& text : variables) {
    const std::size_t equals = text.find('=');
    ::setenv(text.substr(0, equals).c_str(), text.substr(equals + 1).c_str(),
             1);  // NOLINT: there is one thread
  }
}

}  // namespace postern::token
