#include "service/read_forms.h"

#include "care/instruments.h"
#include "service/files.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

namespace bhi::service {

namespace {

class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  care::SiteMap read(const YAML::Node& root) {
    if (!root.IsSequence() || root.size() == 0) {
      add(root, "forms: expected a list of questionnaires, found " + what(root));
      return {};
    }
    for (std::size_t i = 0; i < root.size(); ++i) read_form(root[i], "forms[" + std::to_string(i) + "]");
    return std::move(rows_);
  }

  void add(const YAML::Mark& mark, const std::string& text) {
    const bool known = !mark.is_null();
    mistakes_.emplace(std::pair(known ? mark.line + 1 : 1, known ? mark.column + 1 : 1), text);
  }
  void add(const YAML::Node& node, const std::string& text) { add(node.Mark(), text); }

  std::string mistakes() const {
    std::string text;
    for (const auto& [place, mistake] : mistakes_) {
      text += (text.empty() ? "" : "\n") + file_ + ":" + std::to_string(place.first) + ":" +
              std::to_string(place.second) + ": " + mistake;
    }
    return text;
  }

 private:
  static std::string what(const YAML::Node& node) {
    if (!node.IsDefined() || node.IsNull()) return "nothing";
    if (node.IsMap()) return "a mapping";
    if (node.IsSequence()) return node.size() == 0 ? "an empty list" : "a list";
    std::string text = node.Scalar().substr(0, 60);
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return "'" + text + "'";
  }

  void read_form(const YAML::Node& form, const std::string& place) {
    if (!form.IsMap()) return add(form, place + ": expected questionnaire, instrument and items, found " + what(form));
    std::set<std::string> seen;
    YAML::Node items;
    care::SiteItem row;
    const care::Instrument* instrument = nullptr;
    for (const auto& pair : form) {
      const std::string name = pair.first.IsScalar() ? pair.first.Scalar() : std::string();
      const std::string member = place + "." + name;
      if (!seen.insert(name).second) {
        add(pair.first, member + ": stands here twice");
      } else if (name == "questionnaire") {
        if (pair.second.IsScalar() && pair.second.Scalar().find(':') != std::string::npos) {
          row.questionnaire = pair.second.Scalar();
        } else {
          add(pair.second, member + ": expected the canonical URL of a questionnaire, found " + what(pair.second));
        }
      } else if (name == "instrument") {
        if (pair.second.IsScalar()) instrument = care::find_instrument(pair.second.Scalar());
        if (instrument == nullptr) add(pair.second, member + ": expected " + known() + "; found " + what(pair.second));
      } else if (name == "items") {
        items.reset(pair.second);
        if (!pair.second.IsMap() || pair.second.size() == 0)
          add(pair.second, member + ": expected linkIds with numbers, found " + what(pair.second));
      } else {
        add(pair.first,
            place + ": unknown member " + what(pair.first) + "; known here: questionnaire, instrument, items");
      }
    }
    for (const char* required : {"questionnaire", "instrument"}) {
      if (!seen.contains(required)) add(form, place + "." + required + ": required, not given");
    }
    if (instrument == nullptr || row.questionnaire.empty()) return;
    row.instrument = instrument->id;
    if (!items.IsMap() || items.size() == 0) {
      rows_.push_back(row);
      return;
    }
    for (const auto& pair : items) read_item(pair.first, pair.second, place + ".items", *instrument, row);
  }

  void read_item(const YAML::Node& key, const YAML::Node& value, const std::string& place,
                 const care::Instrument& instrument, care::SiteItem row) {
    if (!key.IsScalar() || key.Scalar().empty()) return add(key, place + ": expected a linkId, found " + what(key));
    row.link_id = key.Scalar();
    const std::string member = place + "." + row.link_id;
    if (!value.IsScalar() || !read_number(value.Scalar(), row.n))
      return add(value, member + ": expected the number of an item, or total; found " + what(value));
    if (row.n != 0 && std::ranges::find(instrument.items, row.n, &care::InstrumentItem::n) == instrument.items.end())
      return add(value, member + ": " + row.instrument + " has no item " + std::to_string(row.n));
    const auto same = [&](const care::SiteItem& other) {
      return other.questionnaire == row.questionnaire && other.link_id == row.link_id;
    };
    if (std::ranges::any_of(rows_, same)) return add(key, member + ": the same question stands here before");
    const auto taken = [&](const care::SiteItem& other) {
      return other.questionnaire == row.questionnaire && other.instrument == row.instrument && other.n == row.n &&
             !other.link_id.empty();
    };
    if (std::ranges::any_of(rows_, taken))
      return add(value, member + ": another question of this form is already " + what(value));
    rows_.push_back(std::move(row));
  }

  static bool read_number(std::string_view text, int& n) {
    if (text == "total") {
      n = 0;
      return true;
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    return error == std::errc() && end == text.data() + text.size() && n > 0;
  }

  static std::string known() {
    std::string text = "one of";
    for (const care::Instrument& one : care::instruments())
      text += (text.size() == 6 ? " " : ", ") + std::string(one.id);
    return text;
  }

  std::string file_;
  care::SiteMap rows_;
  std::multimap<std::pair<int, int>, std::string> mistakes_;  // by line and column
};

}  // namespace

Result<care::SiteMap> read_forms(std::string_view text, std::string_view file) {
  Reader reader(file);
  care::SiteMap forms;
  try {
    const auto documents = YAML::LoadAll(std::string(text));
    if (documents.size() != 1) {
      return Error{Kind::Incorrect,
                   std::string(file) + ":1:1: expected one YAML document, found " + std::to_string(documents.size())};
    }
    forms = reader.read(documents.front());
  } catch (const YAML::Exception& problem) {
    reader.add(problem.mark, "not valid YAML: " + problem.msg);
  }
  if (std::string mistakes = reader.mistakes(); !mistakes.empty()) return Error{Kind::Incorrect, std::move(mistakes)};
  return forms;
}

Result<care::SiteMap> load_forms(const std::string& file) {
  if (file.empty()) return care::SiteMap{};
  BHI_TRY(const auto text, read_file(file));
  return read_forms(text, file);
}

}  // namespace bhi::service
