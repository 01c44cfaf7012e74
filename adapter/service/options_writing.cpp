#include "service/options_writing.h"

#include "service/option_texts.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace bhi::service {

namespace {

using E = SourceSettings;

constexpr std::string_view kDocument = "DocumentReference";

struct ArtifactOption {
  std::string_view artifact;  // as the ladder names it
  std::string_view option;    // as YAML does
  std::string_view meaning;
};
constexpr std::array kArtifacts = std::to_array<ArtifactOption>({
    {"care-plan", "care_plan",
     "ways by which changed care plans may reach this EHR, the first that it offers is taken; when not given, all in "
     "the order of the ladder (`bhi plan` shows it)"},
    {"screening-result", "screening_result",
     "the same of screening results; `QuestionnaireResponse` writes the score beside the answers where it can"},
    {"safety", "safety", "the same of safety events; where none is left, only the on-call person is told"},
});

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Option row(const std::string& path, std::string expected, std::string meaning, Set<E> set) {
  return option_row<E>("sources[]." + path, "", std::move(expected), std::move(meaning), std::move(set));
}

// A list out of `words`; none, or one of them twice, is a mistake: what is not wished is left away.
Option words_of(std::string path, std::vector<std::string> words, std::string meaning,
                std::function<void(E&, const Texts&)> keep) {
  Option option = row(path, "a list of " + joined(words), std::move(meaning),
                      [words, keep = std::move(keep)](E& source, const Texts& texts) {
                        for (auto text = texts.begin(); text != texts.end(); ++text) {
                          if (std::ranges::find(words, *text) == words.end()) return false;
                          if (std::find(texts.begin(), text, *text) != text) return false;
                        }
                        keep(source, texts);
                        return !texts.empty();
                      });
  option.list = true;
  option.words = std::move(words);
  return option;
}

std::vector<std::string> rungs_of(std::string_view artifact) {
  std::vector<std::string> names;
  for (const auto& rung : flow::ladder_of(artifact)) names.emplace_back(rung.name);
  return names;
}

Option write_back() {
  Option option = row("write_back", "one of false, true, dry-run",
                      "may results and plans be written to this EHR? Nothing is written anywhere else. `dry-run`: "
                      "everything is done but the sending, and what would be sent is shown by `bhi queue`",
                      [](E& source, const Texts& texts) {
                        const auto& text = texts.front();
                        if (text != "false" && text != "true" && text != "dry-run") return false;
                        source.write_back = text != "false";
                        source.dry_run = text == "dry-run";
                        return true;
                      });
  option.fallback = "false";
  return option;
}

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

}  // namespace

std::vector<Option> writing_options() {
  std::vector<Option> options = {write_back()};
  std::vector<std::string> with_document;
  for (const ArtifactOption& of : kArtifacts) {
    const auto rungs = rungs_of(of.artifact);
    if (has(rungs, kDocument)) with_document.emplace_back(of.artifact);
    options.push_back(words_of("writing." + std::string(of.option), rungs, std::string(of.meaning),
                               [artifact = std::string(of.artifact)](E& source, const Texts& texts) {
                                 source.writing.rungs[artifact] = texts;
                               }));
  }
  options.push_back(words_of("writing.twice", with_document,
                             "what is written as a document (`DocumentReference`) beside its structured form",
                             [](E& source, const Texts& texts) { source.writing.twice = texts; }));
  options.push_back(row("writing.outbox_folder", "the path of a folder",
                        "folder for signed files of what this EHR offers no way for (`outbox-file`): a person files "
                        "them, and says so by `bhi queue filed`; without it nothing is laid down",
                        [](E& source, const Texts& texts) {
                          if (!is_path(texts.front())) return false;
                          source.writing.outbox_folder = texts.front();
                          return true;
                        }));
  options.push_back(row("writing.outbox_key_file", "the path of a file",
                        "private key (PEM, as `bhi keys new` makes one) that signs these files, readable by nobody but "
                        "its owner; its public half stands in `/.well-known/jwks.json`",
                        [](E& source, const Texts& texts) {
                          if (!is_path(texts.front())) return false;
                          source.writing.outbox_key_file = texts.front();
                          return true;
                        }));
  options.push_back(yes_no_row("sources[].writing.structured_plan",
                               "in the document of a care plan the plan as a FHIR resource, beside what people read; "
                               "not every EHR takes documents with two contents",
                               [](E& source) -> bool& { return source.writing.structured_plan; }));
  options.push_back(yes_no_row("sources[].writing.parts",
                               "opt in to discrete parts: where the EHR takes no CarePlan, each activity of our plans "
                               "is written as a ServiceRequest, each problem as a Condition, each goal as a Goal where "
                               "that is taken; before the document, or where writing.care_plan names `parts`",
                               [](E& source) -> bool& { return source.writing.parts; }));
  options.push_back(yes_no_row("sources[].writing.panel",
                               "beside the answers and the score of a screening its panel (an Observation of US Core "
                               "whose member is the score); where the EHR takes no answers it goes in any case",
                               [](E& source) -> bool& { return source.writing.panel; }));
  options.push_back(yes_no_row("sources[].writing.provenance",
                               "write a Provenance for each resource that was written, where the EHR takes it; it can "
                               "be asked from `GET /care/outbox/{seq}/provenance` in any case",
                               [](E& source) -> bool& { return source.provenance; }));
  return options;
}

std::vector<std::string> check_writing(const SourceSettings& source) {
  std::vector<std::string> mistakes;
  for (const ArtifactOption& of : kArtifacts) {
    const auto own = source.writing.rungs.find(of.artifact);
    if (own == source.writing.rungs.end()) continue;
    const std::string option = "writing." + std::string(of.option);
    if (has(own->second, flow::kOutboxFile) && source.writing.outbox_folder.empty()) {
      mistakes.push_back(option + ": `outbox-file` needs writing.outbox_folder");
    }
    if (has(source.writing.twice, of.artifact) && !has(own->second, kDocument)) {
      mistakes.push_back("writing.twice: `" + std::string(of.artifact) + "` needs DocumentReference in " + option);
    }
  }
  const auto plans = source.writing.rungs.find("care-plan");
  if (source.writing.parts && plans != source.writing.rungs.end() && !has(plans->second, flow::kParts)) {
    mistakes.push_back("writing.parts: needs `parts` in writing.care_plan");
  }
  if (source.writing.outbox_folder.empty() != source.writing.outbox_key_file.empty()) {
    mistakes.push_back("writing: outbox_folder and outbox_key_file belong together");
  }
  return mistakes;
}

flow::WritingWishes wishes_of(const WritingOptions& options) {
  flow::WritingWishes wishes;
  wishes.rungs = options.rungs;
  wishes.twice = options.twice;
  wishes.outbox_files = !options.outbox_folder.empty();
  wishes.panel = options.panel;
  wishes.structured_plan = options.structured_plan;
  wishes.parts = options.parts;
  return wishes;
}

}  // namespace bhi::service
