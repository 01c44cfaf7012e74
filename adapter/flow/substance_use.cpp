#include "flow/substance_use.h"

#include "care/instruments.h"
#include "care/medication.h"
#include "care/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace bhi::flow {

namespace {

// Beginnings of codes, without the point. F17 (tobacco) is in the block; that 42 CFR 2.11 leaves tobacco out is not
// relied upon.
constexpr auto kIcd10 = std::to_array<std::string_view>({
    "F10",   "F11",   "F12",   "F13",   "F14",   "F15",   "F16",  "F17",  "F18",  "F19",
    "F55",   "T40",   "T436",  "T51",  // poisoning: narcotics, stimulants, alcohol
    "K70",   "K292",  "K852",  "K860",  "G312",  "G621",  "G721", "I426", "E244", "R780",  // by alcohol
    "O9931", "O9932", "Z7141", "Z7142", "Z7151", "Z7152", "Z721", "Z722",                  // use, counselling
});
constexpr auto kIcd9 = std::to_array<std::string_view>({"291", "292", "303", "304", "305"});

// Disorders and findings, screenings for them, treatment of them.
constexpr auto kSnomed = std::to_array<std::string_view>({
    "11061003",  "11387009",  "15167005",  "191816009",       "20093000",  "21647008", "228273003",
    "231462006", "24165007",  "26416006",  "266707007",       "310653000", "31956009", "361055000",
    "37344009",  "386450006", "408935001", "428211000124100", "5602001",   "56876005", "64386003",
    "66214007",  "66590003",  "7052005",   "713106006",       "713107002", "7200002",  "75544000",
    "763302001", "78267003",  "792901003", "85005007",        "87132004",  "91388009",
});
static_assert(std::ranges::is_sorted(kSnomed));

constexpr auto kWords = std::to_array<std::string_view>({
    "12-step",
    "aa meeting",
    "aa meetings",
    "addict",
    "addicted",
    "addiction",
    "alcohol",
    "alcoholic",
    "alcoholics",
    "alcoholism",
    "antabuse",
    "audit-c",
    "binge drinking",
    "buprenorphine",
    "cannabis",
    "cocaine",
    "crystal meth",
    "dast-10",
    "detox",
    "detoxification",
    "disulfiram",
    "drinking alcohol",
    "drug abuse",
    "drug use",
    "fentanyl",
    "heroin",
    "illicit",
    "marijuana",
    "methadone",
    "methamphetamine",
    "moud",
    "naltrexone",
    "narcotics anonymous",
    "opiate",
    "opiates",
    "opioid",
    "opioids",
    "oud",
    "recovery coach",
    "sober",
    "sobriety",
    "street drugs",
    "suboxone",
    "substance abuse",
    "substance use",
    "sud",
    "vivitrol",
});
static_assert(std::ranges::is_sorted(kWords));

bool starts_with_any(std::string_view code, std::span<const std::string_view> beginnings) {
  std::string plain;
  std::ranges::copy_if(code, std::back_inserter(plain), [](char c) { return c != '.'; });
  return std::ranges::any_of(beginnings, [&](std::string_view begin) { return plain.starts_with(begin); });
}

bool is_of_our_instruments(const care::Code& code) {
  const auto has = [&](const care::Instrument& instrument) {
    if (code.system == care::kItemSystem) {
      return code.code == instrument.id || code.code.starts_with(std::string(instrument.id) + "/");
    }
    return std::ranges::find(instrument.panels, code.code) != instrument.panels.end() ||
           std::ranges::find(instrument.totals, code.code) != instrument.totals.end() ||
           std::ranges::any_of(instrument.items, [&](const auto& item) { return item.code == code.code; });
  };
  return std::ranges::any_of(care::instruments(), [&](const care::Instrument& instrument) {
    return instrument.substance_use && has(instrument);
  });
}

bool treats_substance_use(const care::Code& code) {
  care::MedicationTherapy therapy;
  therapy.codes.push_back({code.system, code.code, ""});
  care::classify(therapy);
  return care::is_substance_use(therapy);
}

bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool has_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !is_letter(text[at - 1]);
    const auto end = at + word.size();
    if (begins && (end == text.size() || !is_letter(text[end]))) return true;
  }
  return false;
}

}  // namespace

bool is_substance_use_code(const care::Code& code) {
  if (code.code.empty()) return false;
  const std::string_view system = code.system;
  if (system.starts_with("http://hl7.org/fhir/sid/icd-10")) return starts_with_any(code.code, kIcd10);
  if (system.starts_with("http://hl7.org/fhir/sid/icd-9")) return starts_with_any(code.code, kIcd9);
  if (system == "http://snomed.info/sct") return std::ranges::binary_search(kSnomed, std::string_view(code.code));
  if (system == care::kLoinc || system == care::kItemSystem) return is_of_our_instruments(code);
  return system == care::kRxNorm && treats_substance_use(code);
}

bool has_substance_use_word(std::string_view text) {
  if (text.empty()) return false;
  const std::string lower = care::lower(text);
  return std::ranges::any_of(kWords, [&](std::string_view word) { return has_word(lower, word); });
}

}  // namespace bhi::flow
