// The consent guard: may this leave to that EHR, now, and what of it? Pure; the store is looked at by guard_look.h.
//
//   what leaves                                                needs
//   mental health, to the patient's own EHR                    nothing, unless `consent_required`: a consent for it
//   substance use, practice not a programme (Part2::No)        the same; it carries the label SUD
//   substance use, practice a programme or nobody has said     a privacy consent in force that covers substance-use
//   labelled 42CFRPart2, here or on what it was made from      the same
//   made from what another programme's EHR holds               the same
//   very restricted, not to be passed on, an unknown mark      a privacy consent in force that covers the content
//   a safety notice                                            nothing: it carries the minimum, see below
//   a psychotherapy note                                       never leaves, consent or emergency or not
//
// Labels count whoever put them there, the destination itself included: a score made from its labelled response is a
// new statement. But what its own plan says is no news to it: those parts stay as they stand, so that nothing is taken
// out of its record. A plan loses the parts that may not go and keeps the rest. What we wrote there once and may no
// longer say is for a person to decide (held), never deleted silently.
//
// With Part 2 data travel the notice against redisclosure and the scope of the consent (42 CFR 2.32); without these
// texts it stays. An emergency (2.51) lets everything pass but psychotherapy notes.
#pragma once

#include "base/instant.h"
#include "care/model.h"
#include "fhir/node.h"
#include "flow/privacy.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

// A resource that something was made from, or that a part of a plan refers to, as far as we hold a copy.
struct Ancestor {
  care::Source source;              // system, type, id
  std::vector<care::Code> labels;   // its meta.security
  std::vector<care::Code> codes{};  // of a Condition, Goal, ...: what it is about
  bool psychotherapy_note = false;
};

// A privacy consent as the care model holds it. `doubt`: why it may not be what its source says today; empty: none.
struct KnownConsent {
  care::Consent consent;
  std::string doubt{};
  bool gone = false;  // deleted at its source: counts for nothing
};

struct GuardQuestion {
  const care::Entity& entity;
  std::string_view destination;
  const Privacy& privacy;
  std::span<const Ancestor> ancestors;  // its source and what it was derived from
  std::span<const Ancestor> parts;      // of a plan: what its problems, goals and activities refer to
  std::span<const KnownConsent> consents;
  const fhir::Node* written = nullptr;  // our rendering when last in step (ledger.rendered); null: none
  const fhir::Node* held = nullptr;     // the EHR's resource then (ledger.held); null: none
  bool emergency = false;
  Instant now{};
  std::span<const std::string> elsewhere{};  // of a plan: texts in what else of it stands there (documents, parts)
  bool unread_consent = false;               // a consent of the patient was received that could not be taken in (yet)
};

struct Redaction {
  std::string path;  // "CarePlan.activities[2]"
  std::string why;   // no content
};

// What travels with Part 2 data; empty: nothing to be said.
struct Notices {
  std::string redisclosure{};
  std::string scope{};
};

struct Verdict {
  enum class What : std::uint8_t { Send, Hold, Never };
  What what = What::Send;
  std::string reason{};   // of Hold and Never: "consent: ..."
  care::Entity entity{};  // as it may leave
  std::vector<Redaction> redactions{};
  std::vector<care::Code> labels{};  // to be put on what is written
  Notices notices{};
  bool part2 = false;
};

// Does what leaves carry labels that must not be missing (substance use, Part 2)? Others an EHR may take off again.
bool is_protected(const Verdict& verdict);

inline constexpr std::string_view kHeldByConsent = "consent:";  // how the reason of a held item begins

Verdict judge(const GuardQuestion& question);

}  // namespace bhi::flow
