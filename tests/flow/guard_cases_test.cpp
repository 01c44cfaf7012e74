// A thousand labelled cases through the real delivery and the real store against an EHR that keeps everything it gets:
// nothing leaves that may not, everything else does, and each thing held back or taken out is in the audit trail.
//
// The judge of this test knows nothing of the guard: it is the short table `lawful` below. BHI_FULL=1 runs every
// combination.
#include "flow/held_back.h"
#include "tests/flow/support/delivery_fixture.h"
#include "tests/flow/support/guard_texts.h"

#include <array>
#include <cstdlib>
#include <iostream>
#include <map>

namespace bhi::flow {
namespace {

enum class What { Phq9, Phq9FromEhr, AuditC, AuditCFromEhr, OurPlan, EhrPlan, Safety };
enum class Where { Absent, OnSource, Inherited };
enum class Programme { Unstated, Practice, Source, Nobody };
enum class Given {
  Missing,
  Given,
  Declined,
  Expired,
  RevokedBefore,
  RevokedAfterQueueing,
  GivenAfterHold,
  BeginsLater
};
enum class Covers { MentalHealth, SubstanceUse, Both };

struct Case {
  What what{};
  Where where{};
  std::string_view label;
  Programme programme{};
  Given given{};
  Covers covers{};
  bool consent_required = false;
  bool emergency = false;

  bool is_plan() const { return what == What::OurPlan || what == What::EhrPlan; }
  bool from_ehr() const { return what == What::Phq9FromEhr || what == What::AuditCFromEhr || what == What::EhrPlan; }
  // The resource it came from carries the label, or one that it was derived from. (Ours were made from nothing; the
  // label is then on a Condition that a problem of the plan names.)
  bool labelled(std::string_view code) const { return where != Where::Absent && label == code && from_ehr(); }
  bool condition_labelled(std::string_view code) const {
    return where != Where::Absent && label == code && what == What::OurPlan;
  }
  std::string source() const { return programme == Programme::Source ? "rehab" : "main"; }
};

constexpr std::array<std::string_view, 4> kLabels = {"42CFRPart2", "SUD", "MH", "PSYTHPN"};
constexpr std::size_t kAll = std::size_t{7} * 3 * 4 * 4 * 8 * 3 * 2 * 2;

Case nth(std::size_t n) {
  const auto next = [&n](std::size_t of) {
    const std::size_t digit = n % of;
    n /= of;
    return digit;
  };
  Case made;
  made.what = static_cast<What>(next(7));
  made.where = static_cast<Where>(next(3));
  made.label = kLabels[next(4)];
  made.programme = static_cast<Programme>(next(4));
  made.given = static_cast<Given>(next(8));
  made.covers = static_cast<Covers>(next(3));
  made.consent_required = next(2) == 1;
  made.emergency = next(2) == 1;
  return made;
}

// ---- the judge -----------------------------------------------------------------------------------------------------

struct Lawful {
  bool at_all = true;         // it may leave
  bool substance_use = true;  // of a plan: with the parts on substance use
  bool condition = true;      // of our plan: with the problem that names a Condition
  bool part2 = false;         // what leaves is Part 2 data
};

Lawful lawful(const Case& one, bool in_force, bool emergency) {
  const bool mental = in_force && one.covers != Covers::SubstanceUse;
  const bool substance = in_force && one.covers != Covers::MentalHealth;
  const bool practice = one.programme == Programme::Practice || one.programme == Programme::Unstated;
  const bool foreign = one.programme == Programme::Source && one.from_ehr();  // "rehab" is not the destination
  const bool about = one.what == What::AuditC || one.what == What::AuditCFromEhr || one.labelled("SUD");
  Lawful answer;
  if (one.what == What::Safety) return answer;
  if (one.labelled("PSYTHPN")) return {false, false, false, false};
  answer.part2 = one.labelled("42CFRPart2") || foreign || (about && practice);
  if (answer.part2 && !substance) answer.at_all = false;
  if (one.consent_required && !(about ? substance : mental)) answer.at_all = false;
  if (one.is_plan()) {
    answer.substance_use = !(practice || foreign) || substance;
    answer.part2 |= (practice || foreign) && answer.substance_use;
    answer.condition = !one.condition_labelled("PSYTHPN") && (!one.condition_labelled("42CFRPart2") || substance) &&
                       (!one.condition_labelled("SUD") || !practice || substance);
    answer.part2 |= one.condition_labelled("42CFRPart2") && answer.condition;
  }
  if (emergency) {
    answer.at_all = answer.substance_use = true;
    answer.condition = !one.condition_labelled("PSYTHPN");
  }
  return answer;
}

// ---- the world -----------------------------------------------------------------------------------------------------

constexpr std::string_view kCode = "Canary-one condition";         // an ICD-10 code stands with it
constexpr std::string_view kWords = "Canary-two without alcohol";  // the words speak
constexpr std::string_view kPlain = "Canary-three: sleep better";
constexpr std::string_view kSafety = "canary-four";

// A batch of a thousand each, with a store and an EHR of its own.
constexpr std::size_t kBatch = 1'000;

std::size_t batches() {
  const char* full = std::getenv("BHI_FULL");
  return full != nullptr && std::string_view(full) == "1" ? (kAll + kBatch - 1) / kBatch : 1;
}

class GuardCases : public Deliver, public testing::WithParamInterface<std::size_t> {
 protected:
  struct Standing {
    Case one;
    std::string patient;
    std::string id;  // of what is delivered
    std::string artifact;
    std::optional<care::Consent> consent;
  };

  static std::string n_of(std::size_t n) { return std::to_string(n); }

  void copy(Accepted& batch, const std::string& source, const std::string& type, const std::string& id,
            std::string_view label, const std::string& rest = {}) {
    InboxItem item;
    const std::string security =
        label.empty() ? ""
                      : R"("meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":")" +
                            std::string(label) + R"("}]},)";
    item.resource = copy_of(
        document("{\"resourceType\":\"" + type + "\"," + security + rest + "\"id\":\"" + id + "\"}")->root(), source);
    item.lane = source + "|" + type + "/" + id;
    item.channel = "post";
    batch.items.push_back(std::move(item));
  }

  static care::Screening screening_of(const Case& one, const std::string& n) {
    care::Screening made = phq9();
    made.id = "s" + n;
    if (one.what == What::AuditC || one.what == What::AuditCFromEhr) {
      made.instrument = "audit-c";
      made.items.resize(3);
      made.total = 3;
      made.severity.clear();
    }
    if (!one.from_ehr()) return made;
    made.source = {one.source(), "QuestionnaireResponse", "o" + n, "1", ""};
    made.derived_from = {{one.source(), "QuestionnaireResponse", "d" + n, "1", ""}};
    return made;
  }

  static care::CarePlan plan_of(const Case& one, const std::string& n) {
    care::CarePlan made = plan();
    made.id = "c" + n;
    made.problems = {{"", std::string(kCode), {{"http://hl7.org/fhir/sid/icd-10-cm", "F11.20", ""}}}};
    care::Goal words, plain;
    words.description = kWords;
    plain.description = kPlain;
    made.goals = {words, plain};
    if (one.what == What::OurPlan) made.problems.push_back({"Condition/k" + n, "named by reference", {}});
    if (one.from_ehr()) made.source = {one.source(), "CarePlan", "o" + n, "1", ""};
    return made;
  }

  care::Consent consent_of(const Case& one, const std::string& patient, const std::string& n) const {
    std::vector<std::string> covers;
    if (one.covers != Covers::SubstanceUse) covers.emplace_back("mental-health");
    if (one.covers != Covers::MentalHealth) covers.emplace_back("substance-use");
    care::Consent made = test::privacy_consent(std::move(covers));
    made.id = "n" + n;
    made.patient = patient;
    if (one.given == Given::Declined) made.decision = "declined";
    if (one.given == Given::Expired) made.expires = "2026-11-01";
    if (one.given == Given::BeginsLater) made.starts = "2027-06-01";
    if (one.given == Given::RevokedBefore) made.revoked = {"m1", "2026-11-02T08:00:00Z"};
    return made;
  }

  void put(Worked& worked, care::Entity entity, const std::string& patient, std::int64_t version = 0) {
    std::visit(
        [&](auto& value) {
          if constexpr (requires { value.patient; }) value.patient = patient;
        },
        entity);
    StoredEntity row;
    row.kind = care::kind_of(entity);
    row.id = std::visit([](const auto& value) { return value.id; }, entity);
    row.patient = patient;
    row.version = version;
    row.body = to_json(entity);
    worked.entities.push_back(std::move(row));
  }

  // The EHR's own plan, read in before.
  void hold_there(Worked& worked, const std::string& id, const ResourceCopy& resource) {
    ehr_.put(resource.body);
    Ledger ledger{"main", "care-plan", id, "CarePlan", resource.id, "1", 0, resource.hash};
    ledger.held = resource.body;
    worked.ledger.push_back(std::move(ledger));
  }

  Standing set_up(const Case& one, std::size_t number, Worked& worked, Accepted& copies) {
    const std::string n = n_of(number);
    Standing made{one, care_id("main", "Patient", "p" + n), {}, {}, {}};
    care::Patient person = patient();
    person.id = made.patient;
    person.source.id = "p" + n;
    put(worked, person, made.patient);
    if (one.is_plan()) {
      made.id = "c" + n, made.artifact = "care-plan";
      put(worked, plan_of(one, n), made.patient);
      if (one.from_ehr()) {
        const std::string rest = R"("status":"active","intent":"plan","title":"Depression care","subject":)"
                                 R"({"reference":"Patient/p)" +
                                 n +
                                 R"("},"category":[{"coding":[)"
                                 R"({"system":"http://snomed.info/sct","code":"768835002"}]}],)";
        copy(copies, one.source(), "CarePlan", "o" + n, one.where != Where::Absent ? one.label : "", rest);
        if (one.source() == "main") hold_there(worked, made.id, copies.items.back().resource);
      }
      if (one.what == What::OurPlan)
        copy(copies, "main", "Condition", "k" + n, one.where != Where::Absent ? one.label : "");
    } else if (one.what == What::Safety) {
      made.id = "e" + n, made.artifact = "safety";
      care::SafetyEvent event;
      event.id = made.id;
      event.rule = "phq-9.item-9";
      event.level = "positive";
      event.occurred = event.raised = "2026-11-22T08:00:00Z";
      event.state = "open";
      event.note = kSafety;
      put(worked, event, made.patient);
    } else {
      made.id = "s" + n, made.artifact = "screening-result";
      const care::Screening screening = screening_of(one, n);
      put(worked, screening, made.patient);
      if (one.from_ehr()) {
        copy(copies, one.source(), screening.source.type, "o" + n, one.where == Where::OnSource ? one.label : "");
        copy(copies, one.source(), "QuestionnaireResponse", "d" + n, one.where == Where::Inherited ? one.label : "");
      }
    }
    if (one.given != Given::Missing) made.consent = consent_of(one, made.patient, n);
    if (made.consent && one.given != Given::GivenAfterHold) put(worked, *made.consent, made.patient);
    OutboxItem item;
    item.destination = "main";
    item.patient = made.patient;
    item.artifact = made.artifact;
    item.care_id = made.id;
    item.care_version = 1;
    item.urgent = one.what == What::Safety;
    item.created = kNow;
    worked.outbox.push_back(item);
    return made;
  }

  static Terms terms_of(const Case& one) {
    Terms terms;
    terms.privacy = {Part2::No, {}, one.consent_required, std::string(test::kNotice), std::string(test::kScope)};
    if (one.programme == Programme::Practice) terms.privacy.practice = Part2::Yes;
    if (one.programme == Programme::Unstated) terms.privacy.practice = Part2::Unstated;
    if (one.programme == Programme::Source) terms.privacy.part2_sources = {"rehab"};
    return terms;
  }

  OutboxItem send(const Standing& standing) {
    const auto item = store_->outbox(standing.patient, 1).value().at(0);
    if (item.state != OutboxState::Planned) return item;
    const auto sent = deliver(test::engine(), *store_, ehr_, ehr_.declared, item, clock_, terms_of(standing.one));
    EXPECT_TRUE(sent.ok()) << sent.error().message;
    return sent.ok() ? *sent : item;
  }

  // Every body that went over the wire for it.
  std::string sent_of(const Standing& standing) const {
    std::string all;
    for (const std::string& body : wire_) {
      if (body.find("/" + standing.id + "\"") != std::string::npos) all += body;
    }
    return all;
  }

  void commit(const Worked& worked) {
    const auto done = store_->commit(worked);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }

  std::vector<std::string> wire_;
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_P(GuardCases, OfAThousandLabelledCasesNothingLeavesThatMayNot) {
  const std::size_t first_case = GetParam() * kBatch;
  const std::size_t last_case = std::min(first_case + kBatch, kAll);
  Worked world;
  Accepted copies;
  std::vector<Standing> cases;
  for (std::size_t i = first_case; i < last_case; ++i)
    cases.push_back(set_up(nth(i * 10'007 % kAll), i, world, copies));
  commit(world);
  ASSERT_TRUE(store_->accept(copies).ok());

  ehr_.on_store = [this](std::string body) {
    wire_.push_back(body);
    return body;
  };
  std::map<std::string, std::size_t> counts;
  struct Expected {
    bool withheld = false;
    bool never = false;
    std::size_t redactions = 0;
    bool emergency = false;
  };
  std::map<std::string, Expected> expected;  // by subject in the audit trail
  for (const Standing& standing : cases) {
    const Case& one = standing.one;
    SCOPED_TRACE("what " + n_of(static_cast<std::size_t>(one.what)) + " where " +
                 n_of(static_cast<std::size_t>(one.where)) + " " + std::string(one.label) + " programme " +
                 n_of(static_cast<std::size_t>(one.programme)) + " given " + n_of(static_cast<std::size_t>(one.given)) +
                 " covers " + n_of(static_cast<std::size_t>(one.covers)) + (one.consent_required ? " required" : "") +
                 (one.emergency ? " emergency" : ""));
    bool in_force = one.given == Given::Given;
    if (one.given == Given::RevokedAfterQueueing) {
      care::Consent revoked = *standing.consent;
      revoked.revoked = {"m1", "2026-11-22T08:59:59Z"};
      Worked worked;
      put(worked, revoked, standing.patient, 1);
      commit(worked);
    }
    wire_.clear();
    OutboxItem item = send(standing);
    const Lawful first = lawful(one, in_force, false);
    EXPECT_EQ(item.state == OutboxState::Verified, first.at_all) << item.reason;
    EXPECT_TRUE(first.at_all || sent_of(standing).empty());
    Lawful last = first;
    bool emergency = false;
    if (one.given == Given::GivenAfterHold && item.state == OutboxState::Parked) {
      Worked worked;
      put(worked, *standing.consent, standing.patient);
      commit(worked);
      EXPECT_EQ(release_for(test::engine(), *store_, worked.entities, clock_).value(), 1u);
      item = send(standing);
      in_force = true;
      last = lawful(one, in_force, false);
    }
    if (one.emergency && item.state == OutboxState::Parked) {
      ASSERT_TRUE(
          disclose_in_emergency(*store_, item.seq, {"Dr X, County hospital", "unresponsive", "m1"}, clock_).ok());
      item = send(standing);
      emergency = true;
      last = lawful(one, in_force, true);
    }
    const std::string sent = sent_of(standing);

    // What left, against what may leave.
    if (!sent.empty() && !last.at_all) ++counts["unlawful disclosures"];
    EXPECT_EQ(!sent.empty(), last.at_all) << item.reason;
    const bool substance = contains(sent, kCode) || contains(sent, kWords);
    if (substance && !last.substance_use) ++counts["unlawful disclosures"];
    if (contains(sent, "Condition/k") && !last.condition) ++counts["unlawful disclosures"];
    if (contains(sent, kSafety) || (one.what == What::Safety && contains(sent, "\"SUD\""))) {
      ++counts["unlawful disclosures"];
    }
    if (one.is_plan() && last.at_all) {
      EXPECT_TRUE(contains(sent, kPlain));
      EXPECT_EQ(contains(sent, kCode), last.substance_use);
      EXPECT_EQ(contains(sent, kWords), last.substance_use);
      EXPECT_EQ(contains(sent, "Condition/k"), one.what == What::OurPlan && last.condition);
    }
    if (!sent.empty() && last.part2) {
      EXPECT_TRUE(contains(sent, "\"42CFRPart2\"")) << sent;
      EXPECT_TRUE(contains(sent, "\"NORDSCLCD\""));
      EXPECT_TRUE(contains(sent, test::kNotice));
      EXPECT_TRUE(emergency || contains(sent, "Covers "));
      ++counts["sent as Part 2 data"];
    }
    const bool never = one.labelled("PSYTHPN") && one.what != What::Safety;
    EXPECT_EQ(item.state == OutboxState::Dead, never) << item.reason;
    if (!sent.empty()) ++counts["sent"];
    if (sent.empty()) ++counts[never ? "never" : "held"];
    if (emergency) ++counts["in an emergency"];
    Expected& audit = expected[std::string(one.is_plan()              ? "CarePlan/"
                                           : one.what == What::Safety ? "SafetyEvent/"
                                                                      : "Screening/") +
                               standing.id];
    audit.withheld = !first.at_all;
    audit.emergency = emergency;
    if (one.what == What::Safety) audit.redactions = 1;
    if (one.is_plan() && last.at_all) audit.redactions = (last.substance_use ? 0u : 2u) + (last.condition ? 0u : 1u);
  }

  // The audit trail knows each of them.
  std::map<std::string, Expected> found;
  for (std::int64_t after = 0;;) {
    const auto rows = store_->audit_trail(after, 500).value();
    for (const AuditRow& row : rows) {
      after = row.seq;
      if (row.entry.action == "withhold") found[row.entry.subject].withheld = true, ++counts["audit: withhold"];
      if (row.entry.action == "redact") ++found[row.entry.subject].redactions, ++counts["audit: redact"];
      if (row.entry.action == "emergency-disclosure") found[row.entry.subject].emergency = true;
    }
    if (rows.size() < 500) break;
  }
  for (const auto& [subject, audit] : expected) {
    EXPECT_EQ(found[subject].withheld, audit.withheld) << subject;
    EXPECT_EQ(found[subject].redactions, audit.redactions) << subject;
    EXPECT_EQ(found[subject].emergency, audit.emergency) << subject;
  }
  EXPECT_EQ(counts["unlawful disclosures"], 0u);
  std::cout << "cases: " << cases.size() << '\n';
  for (const auto& [what, count] : counts) std::cout << "  " << what << ": " << count << '\n';
}

INSTANTIATE_TEST_SUITE_P(Batches, GuardCases, testing::Range<std::size_t>(0, batches()));

}  // namespace
}  // namespace bhi::flow
