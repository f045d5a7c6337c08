// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A disk in memory that can be bad. It keeps apart what was written (the page cache) and what was synced (the
// medium), so that a test can turn the power off.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>

#include "audit/files.h"

namespace postern::audit {

class MemoryFiles final : public FileSystem {
 public:
  struct Node {
    std::string cached;
    std::string durable;
    bool named = false;  // its name is on the medium
    bool lost = false;   // a failed sync left its pages clean: a later sync "succeeds" and does nothing
  };

  // Faults. Each stays until it is changed.
  std::size_t write_at_most = SIZE_MAX;  // bytes per call
  std::uint64_t space = UINT64_MAX;      // bytes all files may have together
  int failing_syncs = 0;  // so many calls fail, and the unsynced pages are forgotten but stay readable
  bool reads_fail = false;

  std::map<std::string, std::shared_ptr<Node>> nodes;
  int syncs = 0;

  // The power goes: what was not synced is lost, but for the first `torn` bytes of each file's unsynced tail.
  void cut_power(std::size_t torn = 0) {
    for (auto it = nodes.begin(); it != nodes.end();) {
      Node& node = *it->second;
      if (node.cached.size() > node.durable.size()) {
        node.durable += node.cached.substr(node.durable.size(), torn);
      }
      node.cached = node.durable;
      node.lost = false;
      it = node.named ? std::next(it) : nodes.erase(it);
    }
    for (auto& [path, node] : replaced_) {
      node->cached = node->durable;
      nodes[path] = node;
    }
    replaced_.clear();
  }

  bool any_lost() const {
    return std::any_of(nodes.begin(), nodes.end(), [](const auto& entry) { return entry.second->lost; });
  }

  std::string& bytes(const std::string& path) { return nodes.at(path)->cached; }

  base::Result<std::shared_ptr<File>> create(const std::string& path) override {
    if (nodes.count(path) != 0) return base::fail(base::Code::Exists, path);
    nodes[path] = std::make_shared<Node>();
    return handle(nodes[path]);
  }
  base::Result<std::shared_ptr<File>> create_private(const std::string& path) override {
    return create(path);
  }
  base::Result<std::shared_ptr<File>> open(const std::string& path, bool) override {
    const auto found = nodes.find(path);
    if (found == nodes.end()) return base::fail(base::Code::NotFound, path);
    return handle(found->second);
  }
  base::Result<std::shared_ptr<File>> open_directory(const std::string&, bool) override {
    return std::shared_ptr<File>(std::make_shared<Handle>(*this, nullptr));
  }
  base::Result<std::vector<std::string>> list(const std::string& directory) override {
    std::vector<std::string> names;
    for (const auto& [path, node] : nodes) {
      if (path.rfind(directory + "/", 0) == 0) names.push_back(path.substr(directory.size() + 1));
    }
    return names;
  }
  base::Status make_directory(const std::string&) override { return base::Ok{}; }
  base::Status remove(const std::string& path) override {
    nodes.erase(path);
    return base::Ok{};
  }
  // The power may go before the new name is on the medium: then the old file is there again.
  base::Status rename(const std::string& from, const std::string& to) override {
    const auto found = nodes.find(from);
    if (found == nodes.end()) return base::fail(base::Code::NotFound, from);
    const auto old = nodes.find(to);
    if (old != nodes.end() && old->second->named) replaced_.emplace(to, old->second);
    nodes[to] = found->second;
    nodes[to]->named = false;
    nodes.erase(found);
    return base::Ok{};
  }
  base::Result<std::uint64_t> free_bytes(const std::string&) override { return std::uint64_t{1} << 40U; }
  base::Status sync_all(const std::string& directory) override {
    if (const base::Status names = (*open_directory(directory, false))->sync(); !names.ok()) return names;
    for (auto& [path, node] : nodes) {
      if (!node->lost) node->durable = node->cached;
    }
    return base::Ok{};
  }

 private:
  class Handle final : public File {
   public:
    Handle(MemoryFiles& files, std::shared_ptr<Node> node) : files_(files), node_(std::move(node)) {}

    base::Result<std::size_t> write_at(std::uint64_t offset, std::string_view bytes) override {
      bytes = bytes.substr(0, files_.write_at_most);
      const std::uint64_t grows =
          std::max<std::uint64_t>(offset + bytes.size(), node_->cached.size()) - node_->cached.size();
      const std::uint64_t left = files_.left();
      if (grows > left)
        bytes = bytes.substr(0, bytes.size() - std::min<std::uint64_t>(bytes.size(), grows - left));
      if (bytes.empty()) return base::fail(base::Code::Unavailable, "no space left on device");
      node_->cached.resize(std::max<std::size_t>(node_->cached.size(), offset + bytes.size()));
      std::memcpy(node_->cached.data() + offset, bytes.data(), bytes.size());
      return bytes.size();
    }
    base::Result<std::size_t> read_at(std::uint64_t offset, char* out, std::size_t size) override {
      if (files_.reads_fail) return base::fail(base::Code::Internal, "input/output error");
      if (offset >= node_->cached.size()) return std::size_t{0};
      const std::string_view part = std::string_view(node_->cached).substr(offset, size);
      std::memcpy(out, part.data(), part.size());
      return part.size();
    }
    base::Result<std::uint64_t> size() override { return std::uint64_t{node_->cached.size()}; }
    base::Status sync() override {
      ++files_.syncs;
      if (files_.failing_syncs > 0) {
        --files_.failing_syncs;
        if (node_ != nullptr) node_->lost = true;
        return base::fail(base::Code::Internal, "input/output error");
      }
      if (node_ == nullptr) {
        for (auto& [path, node] : files_.nodes) node->named = true;
        files_.replaced_.clear();
      } else if (!node_->lost) {
        node_->durable = node_->cached;
      }
      return base::Ok{};
    }

   private:
    MemoryFiles& files_;
    std::shared_ptr<Node> node_;
  };

  std::shared_ptr<File> handle(std::shared_ptr<Node> node) {
    return std::make_shared<Handle>(*this, std::move(node));
  }
  std::map<std::string, std::shared_ptr<Node>> replaced_;  // by a rename whose name is not on the medium

  std::uint64_t left() const {
    std::uint64_t used = 0;
    for (const auto& [path, node] : nodes) used += node->cached.size();
    return space > used ? space - used : 0;
  }
};

}  // namespace postern::audit
