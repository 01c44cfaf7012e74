// The ways into an EHR for what we want it to know: for each artifact a ladder of rungs, best first, judged by what the
// EHR declares, what we were granted and what the site wishes. Pure; whoever plans, sends, prints or tests asks here.
//
//   care-plan         CarePlan, parts (by opt-in), DocumentReference, Communication, Task, outbox-file
//   screening-result  QuestionnaireResponse (and the score beside it), Observation, DocumentReference, outbox-file
//   safety            Flag, Communication, CommunicationRequest, Task, DocumentReference; else the on-call person
#pragma once

#include "flow/ports.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

// How a resource goes on when its entity changes.
enum class Follow : std::uint8_t {
  Update,   // the same resource is changed
  Replace,  // changed where that is declared, else a new one that names the one it replaces
  Tell,     // a resource for each version: a notice is not taken back
};

// One resource of an entity: the row of a table, by its name in ledger and identifiers.
struct Artifact {
  std::string_view name;
  std::string_view kind;  // of the care entity
  std::string_view map;   // last part of the map's url
  std::string_view type;  // of the resource
  Follow follow = Follow::Update;
  bool each = false;  // one resource for each such part of the plan (plan_parts.h)
};

// Null when there is no such artifact.
const Artifact* find_artifact(std::string_view name);

// The resource types that may be written to an EHR, by whatever rung.
std::vector<std::string_view> written_types();

inline constexpr std::string_view kOutboxFile = "outbox-file";
// A plan's activities, problems and goals as resources of their own: what somebody must act on, not the whole of it.
inline constexpr std::string_view kParts = "parts";

struct Rung {
  std::string_view artifact;  // of the outbox: care-plan | screening-result | safety
  std::string_view name;      // "DocumentReference"; kOutboxFile: no resource, a signed file to be filed by hand
  std::vector<std::string_view> parts{};       // artifacts that must be written, in this order
  std::vector<std::string_view> companions{};  // written after them where that is possible, else left out with a remark
  bool by_opt_in = false;                      // only when the site names it
};

// Best first.
std::span<const Rung> ladder_of(std::string_view artifact);

// What the site wishes of a destination.
struct WritingWishes {
  // By artifact: the rungs it allows, in its order; naming one by opt-in is opting in. None: the ladder as it is.
  std::map<std::string, std::vector<std::string>, std::less<>> rungs{};
  std::vector<std::string> twice{};  // artifacts that are written as a document too
  bool outbox_files = false;         // is there a folder for them?
  // A screening's panel (US Core) with the score as its member, beside the answers too; without the answers always.
  bool panel = false;
  bool parts = false;            // a plan's parts as resources of their own: opted in to
  bool structured_plan = false;  // in a plan's document: the plan as a FHIR resource, besides the readable one
};

// The same, as far as these wishes allow.
std::vector<std::string_view> written_types(const WritingWishes& wishes);

// What the parts of a plan that go by one artifact ask for.
struct PartNeeds {
  std::string_view artifact;
  bool there = false;  // the EHR holds some of them
  bool create = false;
  bool update = false;
};

// What is at the destination already.
struct Standing {
  std::vector<std::string> there{};  // artifacts (of the table) of this entity that the EHR holds
  bool answers_there = false;        // of a screening: its answers came from this EHR, only the score is ours to tell
  // It is to be taken back (entered in error). What was never written needs no taking back: on a rung where nothing of
  // it is there only a document or a notice can still tell.
  bool taken_back = false;
  std::vector<std::string>
      in_step{};  // of `there`: what says the present version already, so that nothing is to be done
  // Of the artifacts that are one resource for each part; none: not asked of a plan at hand, as if it had all kinds.
  std::optional<std::vector<PartNeeds>> parts{};
  std::string why_no_parts{};  // they cannot be told from what the EHR has itself; empty: they can
};

struct Judged {
  const Rung* rung = nullptr;
  bool fits = false;
  std::string why;                        // it does not fit; or what is left out: "without Observation: ..."
  std::vector<std::string> interactions;  // "QuestionnaireResponse create", those that would be used
  std::vector<std::string_view> parts;    // artifacts that would be written, companions included
};

struct WritePlan {
  std::string artifact;
  std::vector<Judged> ladder;         // the site's order
  std::optional<std::size_t> chosen;  // the first that fits; none: parked
  std::optional<std::size_t> beside;  // written twice: the document rung, when it is another and fits
  std::string why_not() const;        // none chosen: "no rung: CarePlan: ...; DocumentReference: ..."
};

WritePlan plan_write(std::string_view artifact, const Standing& standing, const Capabilities& capabilities,
                     const WritingWishes& wishes);

// Empty: the artifact may be written; else why not, naming the interaction: "CarePlan create is not declared by the
// EHR", "CarePlan update: the scope system/CarePlan.u was not granted". `there`: does the EHR hold it already?
std::string why_not(const Artifact& artifact, bool there, const Capabilities& capabilities);

}  // namespace bhi::flow
