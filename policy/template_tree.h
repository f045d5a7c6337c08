// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A set of templates as a tree with one level per segment, for building and for reasoning: which templates
// cover this one, which pairs of two sets overlap. decide() does not use it; it uses the Matcher that is laid
// out from it.
#pragma once

#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policy/template.h"

namespace postern::policy {

class TemplateTree {
 public:
  struct Node {
    int parameter = -1;  // the child for {}
    std::vector<std::pair<std::string_view, int>> literals;
    std::vector<int> exact;  // items that end here
    std::vector<int> tail;   // items that go on with **
  };

  TemplateTree() : nodes_(1) {}

  // Views path: it must live as long as the tree.
  void add(const Template& path, int item);

  const Node& node(int index) const { return nodes_[static_cast<std::size_t>(index)]; }  // 0 is the root
  std::size_t size() const { return nodes_.size(); }
  int literal_child(int node, std::string_view segment) const;  // -1 if there is none

  // Items whose template covers path (itself, if it is in the tree, among them).
  std::vector<int> covering(const Template& path) const;

  // Calls pair(item of a, item of b) once for each two templates that overlap, until it returns false. The
  // walk visits pairs of prefixes that agree and nothing else.
  using Pair = std::function<bool(int, int)>;
  static void overlaps(const TemplateTree& a, const TemplateTree& b, const Pair& pair);

 private:
  struct Edge {
    int node;
    std::string_view segment;
    bool operator==(const Edge&) const = default;
  };
  struct EdgeHash {
    std::size_t operator()(const Edge& edge) const {
      return std::hash<std::string_view>()(edge.segment) ^
             (static_cast<std::size_t>(edge.node) * 0x9E3779B97F4A7C15U);
    }
  };
  Node& at(int index) { return nodes_[static_cast<std::size_t>(index)]; }
  int grow();

  std::vector<Node> nodes_;
  std::unordered_map<Edge, int, EdgeHash> edges_;
};

}  // namespace postern::policy
