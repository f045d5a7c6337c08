// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/template.h"

#include <gtest/gtest.h>

#include "base/yaml.h"

namespace postern::policy {
namespace {

Template of(std::string_view text) {
  std::vector<base::Fault> faults;
  Template result = parse_template(text, {1, 1}, faults);
  EXPECT_TRUE(faults.empty()) << base::format_faults(text, faults);
  return result;
}

TEST(Template, MatchesWholeSegments) {
  EXPECT_TRUE(matches(of("/a/{x}/c"), "/a/b/c"));
  EXPECT_FALSE(matches(of("/a/{x}/c"), "/a//c"));
  EXPECT_FALSE(matches(of("/a/{x}/c"), "/a/b/c/"));
  EXPECT_FALSE(matches(of("/a/{x}/c"), "/a/b/b/c"));
  EXPECT_FALSE(matches(of("/a"), "/A"));
}

TEST(Template, ATrailingSlashIsSignificant) {
  EXPECT_TRUE(matches(of("/"), "/"));
  EXPECT_TRUE(matches(of("/a/"), "/a/"));
  EXPECT_FALSE(matches(of("/a/"), "/a"));
  EXPECT_FALSE(matches(of("/a/{x}"), "/a/"));
}

TEST(Template, ATailStandsForZeroOrMoreSegments) {
  for (const char* path : {"/a", "/a/", "/a/b", "/a/b/c/"}) EXPECT_TRUE(matches(of("/a/**"), path)) << path;
  for (const char* path : {"/", "/ab", "/b/a"}) EXPECT_FALSE(matches(of("/a/**"), path)) << path;
  EXPECT_TRUE(matches(of("/**"), "/"));
}

TEST(Template, ReadsBackAsWritten) {
  for (const char* text : {"/", "/a", "/a/", "/a/{b}/**", "/**", "/%20/{c}"})
    EXPECT_EQ(of(text).text(), text);
  EXPECT_EQ(of("/a/{b}/**").key(), of("/a/{other}/**").key());
  EXPECT_EQ(of("/a/{b}/c/**").arrangement(), of("/x/{y}/z/**").arrangement());
  EXPECT_NE(of("/a/{b}/c/**").arrangement(), of("/a/{b}/c").arrangement());
  EXPECT_NE(of("/a/{b}").arrangement(), of("/{a}/b").arrangement());
}

TEST(Template, SaysWhatWouldBeRight) {
  const std::vector<std::pair<const char*, const char*>> table{
      {"a", "1:1: a path begins with \"/\""},
      {"/a//b", "1:4: an empty segment"},
      {"/a/../b", "1:4: \"..\" never reaches"},
      {"/a/**/b", "1:4: \"**\" stands for the rest"},
      {"/a/b*", "1:4: \"*\" is not a wildcard"},
      {"/a/x{b}", "1:4: a parameter is a whole segment"},
      {"/a/{}", "1:4: a parameter is a name in braces"},
      {"/{a}/{a}", "1:6: {a} appears twice"},
      {"/a?x=1", "1:3: the path ends before \"?\""},
      {"/a/b c", "write %20 instead of \" \""},
      {"/a/%7Eb", "write \"~\" instead of \"%7E\""},
      {"/a/%c3%a9", "write %C3 instead of \"%c3\""},
      {"/a/%2Fb", "an encoded \"/\" is refused"},
      {"/a/%00", "control characters are refused"},
      {"/a/%zz", "two hexadecimal digits"},
      {"/a/%2541", "double encoding is refused"},
      {"/a/%FF", "must be UTF-8"},
      {"/a;b", "path parameters are refused"},
  };
  for (const auto& [text, want] : table) {
    std::vector<base::Fault> faults;
    parse_template(text, {1, 1}, faults);
    ASSERT_EQ(faults.size(), 1U) << text << "\n" << base::format_faults("", faults);
    EXPECT_NE(base::format_faults("", faults).find(want), std::string::npos)
        << text << "\n"
        << base::format_faults("", faults);
  }
}

TEST(Template, HasLimits) {
  std::vector<base::Fault> faults;
  std::string deep;
  for (std::size_t i = 0; i <= kTemplateSegments; ++i) deep += "/a";
  parse_template(deep, {1, 1}, faults);
  parse_template("/" + std::string(kTemplateLength, 'a'), {1, 1}, faults);
  EXPECT_EQ(faults.size(), 2U);
}

// All templates of up to three segments over a small alphabet, against all paths of up to four.
class TemplateAlgebra : public testing::Test {
 protected:
  TemplateAlgebra() {
    const std::vector<std::string> segments{"a", "b", "{x}"};
    std::vector<std::string> prefixes{""};
    for (int depth = 0; depth < 3; ++depth) {
      std::vector<std::string> next;
      for (const std::string& prefix : prefixes) {
        add(prefix + "/**");
        add(prefix + "/");
        for (const std::string& segment : segments) {
          next.push_back(prefix + "/" + (segment == "{x}" ? "{x" + std::to_string(depth) + "}" : segment));
          add(next.back());
        }
      }
      prefixes = next;
    }
    grow_paths("", 4);
  }

  void add(const std::string& text) { templates_.push_back(of(text)); }
  void grow_paths(const std::string& prefix, int depth) {
    paths_.push_back(prefix + "/");
    if (depth == 0) return;
    for (const char* segment : {"/a", "/b", "/c"}) {
      paths_.push_back(prefix + segment);
      grow_paths(prefix + segment, depth - 1);
    }
  }

  std::vector<Template> templates_;
  std::vector<std::string> paths_;
};

TEST_F(TemplateAlgebra, AgreesWithEnumeration) {
  ASSERT_GT(templates_.size(), 60U);
  for (const Template& a : templates_) {
    std::vector<bool> in_a;
    for (const std::string& path : paths_) in_a.push_back(matches(a, path));
    for (const Template& b : templates_) {
      bool common = false;
      bool all = true;
      for (std::size_t i = 0; i < paths_.size(); ++i) {
        const bool in_b = matches(b, paths_[i]);
        common |= in_a[i] && in_b;
        all &= in_a[i] || !in_b;
      }
      ASSERT_EQ(overlap(a, b), common) << a.text() << " and " << b.text();
      ASSERT_EQ(covers(a, b), all) << a.text() << " and " << b.text();
      if (!common) continue;
      const std::string both = witness(a, b);
      ASSERT_TRUE(matches(a, both) && matches(b, both)) << a.text() << " and " << b.text() << ": " << both;
    }
  }
}

}  // namespace
}  // namespace postern::policy
