#include "care/billing_table.h"

#include <algorithm>
#include <array>

namespace bhi::care {

namespace {

constexpr std::string_view kApcm = "G0556 G0557 G0558";
constexpr std::string_view kConsultationRules =
    "more than half is discussion; no visit with the consultant 14 days before or planned within 14; once in 7 days; "
    "consent documented";

constexpr auto kCodes = std::to_array<BillingCode>({
    // code, title, monthly, unit, threshold, from, until, excludes, needs, needs review, note
    {"99492", "CoCM, initial month", true, 70, 36, "2018-01", "", "99493 99484 G2214 G0323 G0568 G0569 G0570", "",
     false, "first calendar month of an episode"},
    {"99493", "CoCM, subsequent month", true, 60, 31, "2018-01", "", "99492 99484 G2214 G0568 G0569 G0570", "", false,
     ""},
    {"99494", "CoCM, each further 30 minutes", true, 30, 16, "2018-01", "", "99484 G0568", "99492 99493", false,
     "units derived from the confirmed bands"},
    {"G2214", "CoCM, first 30 minutes in a month", true, 30, 30, "2021-01", "", "99492 99493 99484", "", false,
     "30 minutes; some payers read 16 (unconfirmed, not used)"},
    {"99484", "general BHI", true, 20, 20, "", "", "99492 99493 99494 G2214 G0568 G0570", "", false, "at least 20"},
    {"G0323", "general BHI by clinical psychologist or social worker", true, 20, 20, "2023-01", "", "99492", "", false,
     "existence confirmed"},
    {"G0512", "RHC/FQHC CoCM", true, 70, 70, "2018-01", "2025-12", "", "", false,
     "70 minutes in the first month, 60 later, no midpoint"},
    {"G0511", "RHC/FQHC general care management", true, 20, 20, "2018-01", "2025-09", "", "", false, ""},
    {"G0568", "APCM add-on, CoCM initial month", true, 0, 0, "2026-01", "", "99492 99493 99494 99484", kApcm, true,
     "secondary pages only"},
    {"G0569", "APCM add-on, CoCM subsequent month", true, 0, 0, "2026-01", "", "99492 99493", kApcm, true,
     "secondary pages only"},
    {"G0570", "APCM add-on, general BHI", true, 0, 0, "2026-01", "", "99492 99493 99484", kApcm, true,
     "secondary pages only"},
    {"90863", "pharmacologic management with psychotherapy", false, 0, 0, "2013-01", "", "", "90832 90834 90837", true,
     "psychologists who prescribe; base codes unconfirmed; never with an E/M by the same person"},
    {"96127", "brief emotional or behavioral assessment", false, 0, 0, "", "", "", "", true,
     "per instrument scored; cap per visit unconfirmed"},
    {"G0444", "annual depression screening", false, 15, 5, "", "", "G0402 G0438", "", false,
     "11 full months since the last"},
    {"99446", "interprofessional consultation, 5-10 minutes", false, 10, 5, "", "", "", "", false, kConsultationRules},
    {"99447", "interprofessional consultation, 11-20 minutes", false, 20, 11, "", "", "", "", false,
     kConsultationRules},
    {"99448", "interprofessional consultation, 21-30 minutes", false, 30, 21, "", "", "", "", false,
     kConsultationRules},
    {"99449", "interprofessional consultation, 31 minutes and more", false, 31, 31, "", "", "", "", false,
     kConsultationRules},
    {"99451", "interprofessional consultation, written report", false, 5, 5, "", "", "", "", false, ""},
    {"99452", "interprofessional consultation, referring side", false, 30, 16, "", "", "", "", false, ""},
    {"G0546-G0551", "interprofessional consultation, mental health practitioners", false, 0, 0, "2025-01", "", "", "",
     true, "which code for what is unconfirmed"},
    {"G0552", "digital mental health device", false, 0, 0, "2025-01", "", "", "", true, "details unconfirmed"},
    {"G0553", "digital mental health treatment, first 20 minutes", false, 20, 20, "2025-01", "", "", "", true,
     "minutes unconfirmed"},
    {"G0554", "digital mental health treatment, each further 20 minutes", false, 20, 20, "2025-01", "", "", "G0553",
     true, "minutes unconfirmed"},
    {"G0560", "safety planning", false, 20, 20, "2025-01", "", "", "", true, "unit unconfirmed"},
    {"G0544", "follow-up calls after a crisis visit", false, 0, 0, "2025-01", "", "", "", true,
     "four calls a month unconfirmed"},
});

constexpr auto kUnconfirmed = std::to_array<std::string_view>({
    "clerical minutes do not count",
    "minutes before the service consent do not count",
    "minutes of visits that did not take place do not count",
    "an episode has one initial month, also after a break of six months",
    "one practitioner bills a patient's month",
});

bool names(std::string_view list, std::string_view code) {
  for (std::size_t at = list.find(code); at != std::string_view::npos; at = list.find(code, at + 1)) {
    if ((at == 0 || list[at - 1] == ' ') && (at + code.size() == list.size() || list[at + code.size()] == ' '))
      return true;
  }
  return false;
}

}  // namespace

std::span<const BillingCode> billing_codes() { return kCodes; }

const BillingCode* find_billing_code(std::string_view code) {
  const auto found = std::ranges::find(kCodes, code, &BillingCode::code);
  return found == kCodes.end() ? nullptr : &*found;
}

bool is_in_force(const BillingCode& code, std::string_view month) {
  return (code.from.empty() || code.from <= month) && (code.until.empty() || month <= code.until);
}

bool exclude_each_other(std::string_view code, std::string_view other) {
  const BillingCode* one = find_billing_code(code);
  const BillingCode* two = find_billing_code(other);
  return (one != nullptr && names(one->excludes, other)) || (two != nullptr && names(two->excludes, code));
}

std::span<const std::string_view> unconfirmed_counting_rules() { return kUnconfirmed; }

}  // namespace bhi::care
