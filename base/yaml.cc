// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_set>

#include "base/bytes.h"

namespace postern::base {
namespace {

Mark at(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// yaml-cpp's event stream, not its node tree: the stream gives the place of keys and shows aliases before
// they unfold.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(YamlDocument& document) : document_(document) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    YamlNode node;
    node.mark = at(mark);
    add(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fault(mark, "aliases are not allowed here: write the value out");
    OnNull(mark, 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    YamlNode node;
    node.kind = YamlNode::Kind::Scalar;
    node.mark = at(mark);
    node.scalar = value;
    node.quoted = tag == "!";
    if (!is_utf8(value)) fault(mark, "the text is not valid UTF-8");
    if (!node.quoted && (value == "~" || value == "null")) node.kind = YamlNode::Kind::Null;
    add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(mark, tag, anchor, YamlNode::Kind::List);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(mark, tag, anchor, YamlNode::Kind::Map);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Level {
    YamlNode node;
    bool has_key = false;
    std::string key;
    Mark key_mark;
    std::unordered_set<std::string> seen;
  };

  void fault(const YAML::Mark& mark, std::string message) {
    document_.faults.push_back({at(mark), std::move(message)});
  }
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) fault(mark, "anchors are not allowed here: write the value where it is needed");
  }
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      fault(mark, "tags such as " + printable(tag, 40) + " are not allowed here");
  }
  void start(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (levels_.size() >= static_cast<std::size_t>(kYamlDepthLimit)) {
      throw YAML::ParserException(
          mark, "the file is nested more than " + std::to_string(kYamlDepthLimit) + " levels deep");
    }
    Level level;
    level.node.kind = kind;
    level.node.mark = at(mark);
    levels_.push_back(std::move(level));
  }
  void end() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    add(std::move(node));
  }
  void add(YamlNode node) {
    if (levels_.empty()) {
      document_.root = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == YamlNode::Kind::List) {
      level.node.items.push_back(std::move(node));
    } else if (level.has_key) {
      level.has_key = false;
      level.node.entries.push_back({std::move(level.key), level.key_mark, std::move(node)});
    } else {
      take_key(level, node);
    }
  }
  void take_key(Level& level, const YamlNode& node) {
    if (node.kind != YamlNode::Kind::Scalar)
      document_.faults.push_back({node.mark, "a key must be plain text"});
    if (!level.seen.insert(node.scalar).second) {
      document_.faults.push_back(
          {node.mark, "the key \"" + printable(node.scalar, 80) + "\" appears twice: keep one"});
    }
    level.has_key = true;
    level.key = node.scalar;
    level.key_mark = node.mark;
  }

  YamlDocument& document_;
  std::vector<Level> levels_;
};

}  // namespace

std::string format_faults(std::string_view file, std::vector<Fault> faults) {
  std::stable_sort(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) {
    return std::pair(a.mark.line, a.mark.column) < std::pair(b.mark.line, b.mark.column);
  });
  std::string out;
  for (const Fault& fault : faults) {
    if (!out.empty()) out += '\n';
    out += file;
    if (fault.mark.line > 0)
      out += ":" + std::to_string(fault.mark.line) + ":" + std::to_string(fault.mark.column);
    out += ": " + fault.message;
  }
  return out;
}

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string_view YamlNode::kind_name() const {
  switch (kind) {
    case Kind::Scalar:
      return "a value";
    case Kind::List:
      return "a list";
    case Kind::Map:
      return "a map";
    case Kind::Null:
      break;
  }
  return "nothing";
}

YamlDocument parse_yaml(std::string_view text) {
  YamlDocument document;
  if (text.size() > kYamlSizeLimit) {
    document.faults.push_back({{}, "the file is larger than " + std::to_string(kYamlSizeLimit) + " bytes"});
    return document;
  }
  if (text.find('\0') != std::string_view::npos) {
    document.faults.push_back({{}, "the file contains a NUL byte"});
    return document;
  }
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Builder builder(document);
    parser.HandleNextDocument(builder);
    YamlDocument second;
    Builder rest(second);
    if (parser.HandleNextDocument(rest)) {
      document.faults.push_back({second.root.mark, "a second document begins here: put all into one"});
    }
  } catch (const YAML::Exception& error) {
    document.faults.push_back({at(error.mark), "not valid YAML: " + error.msg});
  }
  return document;
}

}  // namespace postern::base
