// Putting our change onto what the EHR holds now, without undoing anybody else's.
#include "flow/merge.h"

#include "fhir/json.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace bhi::flow {
namespace {

using fhir::Node;

// Documents of one test; they live until its end.
class Documents {
 public:
  const Node& read(std::string text) {
    auto document = fhir::read_json(std::move(text), {.require_object = false});
    EXPECT_TRUE(document.ok()) << document.error().message;
    documents_.push_back(*document);
    return documents_.back()->root();
  }
  Arena arena;

 private:
  std::vector<fhir::DocumentPtr> documents_;
};

struct Outcome {
  std::string document;
  std::vector<std::string> conflicts;
  bool changed = false;
};

Outcome merged(const std::string& before, const std::string& ours, const std::string& known,
               const std::string& theirs) {
  Documents d;
  const Merged result = merge(d.read(before), d.read(ours), d.read(known), d.read(theirs), d.arena);
  return {fhir::write_json(result.document), result.conflicts, result.changed};
}

using Paths = std::vector<std::string>;

TEST(Merge, PutsOurChangeOntoTheirDocumentAndKeepsWhatWeDoNotRender) {
  const auto result = merged(
      R"({"status":"active","title":"A"})", R"({"status":"active","title":"B"})",
      R"({"resourceType":"CarePlan","id":"1","status":"active","title":"A","contributor":[{"reference":"X/1"}]})",
      R"({"resourceType":"CarePlan","id":"1","status":"active","title":"A","contributor":[{"reference":"X/1"}]})");
  EXPECT_EQ(
      result.document,
      R"({"resourceType":"CarePlan","id":"1","status":"active","title":"B","contributor":[{"reference":"X/1"}]})");
  EXPECT_TRUE(result.changed);
  EXPECT_TRUE(result.conflicts.empty());
}

TEST(Merge, KeepsTheirEditOfAnotherElement) {
  const auto result = merged(R"({"title":"A"})", R"({"title":"B"})", R"({"title":"A","status":"draft"})",
                             R"({"title":"A","status":"active"})");
  EXPECT_EQ(result.document, R"({"title":"B","status":"active"})");
}

TEST(Merge, ChangesNothingWhenWeChangedNothing) {
  const auto result = merged(R"({"title":"A"})", R"({"title":"A"})", R"({"title":"A"})", R"({"title":"Z","x":1})");
  EXPECT_EQ(result.document, R"({"title":"Z","x":1})");
  EXPECT_FALSE(result.changed);
}

TEST(Merge, ChangesNothingWhenTheyAlreadyHaveOurValue) {
  const auto result = merged(R"({"title":"A"})", R"({"title":"B"})", R"({"title":"A"})", R"({"title":"B"})");
  EXPECT_FALSE(result.changed);
  EXPECT_TRUE(result.conflicts.empty());
}

TEST(Merge, NamesTheElementThatBothChanged) {
  const auto result = merged(
      R"({"activity":[{"detail":{"description":"walk","status":"not-started"}},{"detail":{"description":"call","status":"not-started"}}]})",
      R"({"activity":[{"detail":{"description":"walk","status":"not-started"}},{"detail":{"description":"call","status":"completed"}}]})",
      R"({"resourceType":"CarePlan","activity":[{"detail":{"description":"walk","status":"not-started"}},{"detail":{"description":"call","status":"not-started"}}]})",
      R"({"resourceType":"CarePlan","activity":[{"detail":{"description":"walk","status":"not-started"}},{"detail":{"description":"call","status":"cancelled"}}]})");
  EXPECT_EQ(result.conflicts, Paths{"CarePlan.activity[1].detail.status"});
}

TEST(Merge, IsAConflictWhenTheyRemovedWhatWeChanged) {
  EXPECT_EQ(merged(R"({"title":"A"})", R"({"title":"B"})", R"({"title":"A"})", R"({"id":"1"})").conflicts,
            Paths{"title"});
}

TEST(Merge, IsAConflictWhenTheyChangedWhatWeRemoved) {
  EXPECT_EQ(merged(R"({"title":"A","s":1})", R"({"s":1})", R"({"title":"A"})", R"({"title":"C"})").conflicts,
            Paths{"title"});
}

TEST(Merge, RemovesWhatWeRemoved) {
  EXPECT_EQ(merged(R"({"title":"A","s":1})", R"({"s":1})", R"({"title":"A","x":2})", R"({"title":"A","x":2})").document,
            R"({"x":2})");
}

TEST(Merge, FindsItsElementAgainWhenTheyInsertedOneBefore) {
  const std::string call = R"({"detail":{"description":"call","status":"not-started"}})";
  const std::string called = R"({"detail":{"description":"call","status":"completed"}})";
  const std::string walk = R"({"detail":{"description":"walk","status":"not-started"}})";
  const std::string swim = R"({"detail":{"description":"swim","status":"not-started"}})";
  const auto result =
      merged("{\"activity\":[" + walk + "," + call + "]}", "{\"activity\":[" + walk + "," + called + "]}",
             "{\"activity\":[" + walk + "," + call + "]}", "{\"activity\":[" + swim + "," + walk + "," + call + "]}");
  EXPECT_EQ(result.document, "{\"activity\":[" + swim + "," + walk + "," + called + "]}");
  EXPECT_TRUE(result.conflicts.empty());
}

TEST(Merge, DoesNotPutOurEditOnAnotherThingAtTheSamePlace) {
  // They replaced the call by a visit with the same status. Completing the call must not complete the visit.
  const auto result = merged(R"({"activity":[{"detail":{"description":"call","status":"not-started"}}]})",
                             R"({"activity":[{"detail":{"description":"call","status":"completed"}}]})",
                             R"({"activity":[{"detail":{"description":"call","status":"not-started"}}]})",
                             R"({"activity":[{"detail":{"description":"visit","status":"not-started"}}]})");
  EXPECT_EQ(result.conflicts, Paths{"activity[0]"});
}

TEST(Merge, MergesWithinAnElementThatBothEditedInDifferentPlaces) {
  const auto result = merged(
      R"({"activity":[{"detail":{"code":{"text":"call","coding":[{"code":"c"}]},"status":"not-started"}}]})",
      R"({"activity":[{"detail":{"code":{"text":"call","coding":[{"code":"c"}]},"status":"completed"}}]})",
      R"({"activity":[{"progress":[{"text":"p"}],"detail":{"code":{"text":"call","coding":[{"code":"c"}]},"status":"not-started"}}]})",
      R"({"activity":[{"progress":[{"text":"p"},{"text":"q"}],"detail":{"code":{"text":"call","coding":[{"code":"c"}]},"status":"not-started"}}]})");
  EXPECT_EQ(
      result.document,
      R"({"activity":[{"progress":[{"text":"p"},{"text":"q"}],"detail":{"code":{"text":"call","coding":[{"code":"c"}]},"status":"completed"}}]})");
}

TEST(Merge, PutsAdditionsOfOursAtTheEndOfTheirsAndAddsNoneTwice) {
  const auto result = merged(R"({"note":[{"text":"a"}]})", R"({"note":[{"text":"new"},{"text":"a"},{"text":"both"}]})",
                             R"({"note":[{"text":"a","time":"t"}]})",
                             R"({"note":[{"text":"a","time":"t"},{"text":"theirs"},{"text":"both"}]})");
  EXPECT_EQ(result.document, R"({"note":[{"text":"a","time":"t"},{"text":"theirs"},{"text":"both"},{"text":"new"}]})");
  EXPECT_TRUE(result.conflicts.empty());
}

TEST(Merge, KeepsListElementsThatWeDoNotRender) {
  const auto result = merged(R"({"identifier":[{"system":"ours","value":"1"}],"title":"A"})",
                             R"({"identifier":[{"system":"ours","value":"1"}],"title":"B"})",
                             R"({"identifier":[{"system":"mrn","value":"9"}],"title":"A"})",
                             R"({"identifier":[{"system":"mrn","value":"9"}],"title":"A"})");
  EXPECT_EQ(result.document, R"({"identifier":[{"system":"mrn","value":"9"}],"title":"B"})");
}

TEST(Merge, RemovesAListElementThatTheyLeftAlone) {
  const auto result =
      merged(R"({"note":[{"text":"a"},{"text":"b"}]})", R"({"note":[{"text":"b"}]})",
             R"({"note":[{"text":"a"},{"text":"b"}]})", R"({"note":[{"text":"a"},{"text":"b"},{"text":"c"}]})");
  EXPECT_EQ(result.document, R"({"note":[{"text":"b"},{"text":"c"}]})");
}

TEST(Merge, LeavesNoEmptyListOrObjectBehind) {
  EXPECT_EQ(merged(R"({"note":[{"text":"a"}],"s":1})", R"({"s":1})", R"({"note":[{"text":"a"}],"s":1})",
                   R"({"note":[{"text":"a"}],"s":1})")
                .document,
            R"({"s":1})");
  EXPECT_EQ(merged(R"({"p":{"end":"x"},"s":1})", R"({"p":{},"s":1})", R"({"p":{"end":"x"},"s":1})",
                   R"({"p":{"end":"x"},"s":1})")
                .document,
            R"({"s":1})");
}

TEST(Merge, GivesAChoiceElementOneValue) {
  const std::string theirs =
      R"({"resourceType":"CarePlan","activity":[{"detail":{"description":"call","scheduledString":"weekly"}}]})";
  const auto result = merged(
      R"({"activity":[{"detail":{"description":"call"}}]})",
      R"({"activity":[{"detail":{"description":"call","scheduledPeriod":{"start":"2026-12-01"}}}]})", theirs, theirs);
  EXPECT_EQ(
      result.document,
      R"({"resourceType":"CarePlan","activity":[{"detail":{"description":"call","scheduledPeriod":{"start":"2026-12-01"}}}]})");
  EXPECT_TRUE(result.conflicts.empty());
}

TEST(Merge, IsAConflictWhenTheyChangedTheChoiceThatWeReplace) {
  const auto result =
      merged(R"({"activity":[{"detail":{"description":"call"}}]})",
             R"({"activity":[{"detail":{"description":"call","scheduledPeriod":{"start":"2026-12-01"}}}]})",
             R"({"resourceType":"CarePlan","activity":[{"detail":{"description":"call","scheduledString":"weekly"}}]})",
             R"({"resourceType":"CarePlan","activity":[{"detail":{"description":"call","scheduledString":"daily"}}]})");
  EXPECT_EQ(result.conflicts, Paths{"CarePlan.activity[0].detail.scheduledString"});
}

TEST(Merge, NeedsNothingOfItsInputsAfterwards) {
  Arena arena;
  Merged result;
  {
    Documents d;
    result = merge(d.read(R"({"a":"1","made-up":1})"), d.read(R"({"a":"2","made-up":1})"), d.read(R"({"a":"1"})"),
                   d.read(R"({"a":"1","another made-up name":{"x":["y"]}})"), arena);
  }
  EXPECT_EQ(fhir::write_json(result.document), R"({"a":"2","another made-up name":{"x":["y"]}})");
}

// ---- properties --------------------------------------------------------------------------------------------------

// Random documents of a fixed vocabulary, and edits of them.
class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::string document() { return "{" + members(0) + "}"; }

  // The document with one leaf changed to a value nobody else has, an element appended or one removed.
  std::string edited(const std::string& text, const std::string& mark) {
    std::vector<std::size_t> leaves;
    for (std::size_t at = text.find(":\""); at != std::string::npos; at = text.find(":\"", at + 1))
      leaves.push_back(at + 2);
    if (leaves.empty()) return "{\"title\":\"" + mark + "\"}";
    const std::size_t at = leaves[number(leaves.size())];
    const std::size_t end = text.find('"', at);
    return text.substr(0, at) + mark + text.substr(end);
  }

  std::size_t number(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

 private:
  std::string leaf() { return "\"v" + std::to_string(++count_) + "\""; }

  std::string members(int depth) {
    static const std::vector<std::string> kNames = {"title", "status", "note", "period", "detail", "code"};
    std::string text;
    for (const std::string& name : kNames) {
      if (number(3) == 0) continue;
      text += (text.empty() ? "\"" : ",\"") + name + "\":";
      const std::size_t kind = depth < 2 ? number(4) : 0;
      if (kind == 1) {
        const std::string inner = members(depth + 1);
        text += inner.empty() ? leaf() : "{" + inner + "}";
      } else if (kind == 2) {
        text += "[";
        const std::size_t size = 1 + number(3);
        for (std::size_t i = 0; i < size; ++i) {
          std::string inner = members(depth + 1);
          if (inner.empty()) inner = "\"code\":" + leaf();
          text += (i == 0 ? "{" : ",{") + inner + "}";
        }
        text += "]";
      } else {
        text += leaf();
      }
    }
    return text;
  }

  std::mt19937 random_;
  int count_ = 0;
};

TEST(MergeProperty, WithoutAChangeOfOursTheResultIsTheirs) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    Maker maker(seed);
    const std::string before = maker.document(), known = maker.document(), theirs = maker.document();
    const auto result = merged(before, before, known, theirs);
    EXPECT_EQ(result.document, theirs) << seed;
    EXPECT_FALSE(result.changed);
  }
}

TEST(MergeProperty, WithoutAChangeOfTheirsTheResultIsOurs) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    Maker maker(seed);
    const std::string before = maker.document();
    std::string ours = before;
    for (int i = 0; i < 3; ++i) ours = maker.edited(ours, "ours" + std::to_string(i));
    Documents d;
    const Merged result = merge(d.read(before), d.read(ours), d.read(before), d.read(before), d.arena);
    EXPECT_TRUE(result.conflicts.empty()) << seed;
    // Elements that were rewritten beyond recognition go to the end; nothing is lost or invented.
    std::string expected = fhir::write_json(d.read(ours)), found = fhir::write_json(result.document);
    std::ranges::sort(expected);
    std::ranges::sort(found);
    EXPECT_EQ(found, expected) << seed << "\n" << before << "\n" << ours << "\n" << fhir::write_json(result.document);
  }
}

TEST(MergeProperty, OneEditOfEachSideIsKeptOrNamedAsAConflict) {
  int both = 0;
  int conflicts = 0;
  for (unsigned seed = 1; seed <= 2000; ++seed) {
    Maker maker(seed);
    const std::string before = maker.document();
    const std::string ours = maker.edited(before, "OURS"), theirs = maker.edited(before, "THEIRS");
    const auto result = merged(before, ours, before, theirs);
    if (!result.conflicts.empty()) {
      ++conflicts;
      continue;
    }
    ++both;
    EXPECT_NE(result.document.find("OURS"), std::string::npos) << seed;
    EXPECT_NE(result.document.find("THEIRS"), std::string::npos) << seed << "\n"
                                                                 << ours << "\n"
                                                                 << theirs << "\n"
                                                                 << result.document;
  }
  EXPECT_GT(both, 1000);
  EXPECT_GT(conflicts, 50);
}

TEST(MergeProperty, ASecondMergeChangesNothing) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    Maker maker(seed);
    const std::string before = maker.document();
    const std::string ours = maker.edited(before, "OURS"), theirs = maker.edited(before, "THEIRS");
    const auto first = merged(before, ours, before, theirs);
    if (!first.conflicts.empty()) continue;
    const auto second = merged(before, ours, before, first.document);
    EXPECT_TRUE(second.conflicts.empty()) << seed;
    EXPECT_EQ(second.document, first.document) << seed;
    EXPECT_FALSE(second.changed);
  }
}

// ---- merge patch: the cases of RFC 7396, appendix A -----------------------------------------------------------------

TEST(MergePatch, DoesAsTheExamplesOfTheRfc) {
  const std::vector<std::array<std::string, 3>> cases = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", R"(null)", R"(null)"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const auto& [target, patch, expected] : cases) {
    Documents d;
    EXPECT_EQ(fhir::write_json(merge_patch(d.read(target), d.read(patch), d.arena)), expected) << target << patch;
  }
}

}  // namespace
}  // namespace bhi::flow
