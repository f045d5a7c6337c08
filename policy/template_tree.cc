// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/template_tree.h"

namespace postern::policy {
namespace {

using Node = TemplateTree::Node;

// Walks two trees in step. Depth is bounded by kTemplateSegments.
class OverlapWalk {
 public:
  OverlapWalk(const TemplateTree& a, const TemplateTree& b, const TemplateTree::Pair& pair)
      : a_(a), b_(b), pair_(pair) {}

  bool walk(int a, int b) {
    const Node& first = a_.node(a);
    const Node& second = b_.node(b);
    for (const int item : first.exact) {
      for (const int other : second.exact) {
        if (!pair_(item, other)) return false;
      }
    }
    for (const int rest : second.tail) {
      if (!below(a_, a, true, [&](int item) { return pair_(item, rest); })) return false;
    }
    for (const int rest : first.tail) {
      if (!below(b_, b, false, [&](int other) { return pair_(rest, other); })) return false;
    }
    return literals(first, b, second, a) && parameters(first, second);
  }

 private:
  // All items in the subtree of node. Its own tail items only if asked for: two tails at one place are one
  // pair, not two.
  template <typename Visit>
  bool below(const TemplateTree& tree, int index, bool own_tail, const Visit& visit) {
    const Node& node = tree.node(index);
    for (const int item : node.exact) {
      if (!visit(item)) return false;
    }
    for (std::size_t i = 0; own_tail && i < node.tail.size(); ++i) {
      if (!visit(node.tail[i])) return false;
    }
    for (const auto& [segment, child] : node.literals) {
      if (!below(tree, child, true, visit)) return false;
    }
    return node.parameter < 0 || below(tree, node.parameter, true, visit);
  }

  bool literals(const Node& first, int b, const Node& second, int a) {
    if (first.literals.size() <= second.literals.size()) {
      for (const auto& [segment, child] : first.literals) {
        const int other = b_.literal_child(b, segment);
        if (other >= 0 && !walk(child, other)) return false;
      }
      return true;
    }
    for (const auto& [segment, other] : second.literals) {
      const int child = a_.literal_child(a, segment);
      if (child >= 0 && !walk(child, other)) return false;
    }
    return true;
  }

  bool parameters(const Node& first, const Node& second) {
    if (first.parameter >= 0 && second.parameter >= 0 && !walk(first.parameter, second.parameter))
      return false;
    for (std::size_t i = 0; first.parameter >= 0 && i < second.literals.size(); ++i) {
      const auto& [segment, child] = second.literals[i];
      if (!segment.empty() && !walk(first.parameter, child)) return false;
    }
    for (std::size_t i = 0; second.parameter >= 0 && i < first.literals.size(); ++i) {
      const auto& [segment, child] = first.literals[i];
      if (!segment.empty() && !walk(child, second.parameter)) return false;
    }
    return true;
  }

  const TemplateTree& a_;
  const TemplateTree& b_;
  const TemplateTree::Pair& pair_;
};

}  // namespace

int TemplateTree::grow() {
  nodes_.emplace_back();
  return static_cast<int>(nodes_.size()) - 1;
}

void TemplateTree::add(const Template& path, int item) {
  int node = 0;
  for (const Segment& segment : path.segments) {
    int child = segment.parameter ? at(node).parameter : literal_child(node, segment.text);
    if (child < 0) {
      child = grow();
      if (segment.parameter) {
        at(node).parameter = child;
      } else {
        at(node).literals.emplace_back(segment.text, child);
        edges_.emplace(Edge{node, segment.text}, child);
      }
    }
    node = child;
  }
  (path.tail ? at(node).tail : at(node).exact).push_back(item);
}

int TemplateTree::literal_child(int node, std::string_view segment) const {
  const auto found = edges_.find({node, segment});
  return found == edges_.end() ? -1 : found->second;
}

std::vector<int> TemplateTree::covering(const Template& path) const {
  std::vector<int> items;
  std::vector<int> alive{0};
  const auto take = [&](const std::vector<int>& more) {
    items.insert(items.end(), more.begin(), more.end());
  };
  for (const Segment& segment : path.segments) {
    std::vector<int> next;
    for (const int index : alive) {
      take(node(index).tail);
      const int child = segment.parameter ? -1 : literal_child(index, segment.text);
      if (child >= 0) next.push_back(child);
      const bool one = segment.parameter || !segment.text.empty();
      if (node(index).parameter >= 0 && one) next.push_back(node(index).parameter);
    }
    alive = std::move(next);
  }
  for (const int index : alive) {
    take(node(index).tail);
    if (!path.tail) take(node(index).exact);
  }
  return items;
}

void TemplateTree::overlaps(const TemplateTree& a, const TemplateTree& b, const Pair& pair) {
  OverlapWalk(a, b, pair).walk(0, 0);
}

}  // namespace postern::policy
