// The practice: how it works, who works there, whom it can refer to, what it does in a crisis, how it learns.
#pragma once

#include "care/model_source.h"
#include "care/model_work.h"

#include <optional>
#include <string>
#include <vector>

namespace bhi::care {

// What a payer accepts. Needs the site's own confirmation, payer by payer.
struct PayerRule {
  std::string payer;
  std::string family;        // cocm | general | rhc (wrapper codes until 2025) | apcm (add-ons to APCM from 2026)
  bool takes_g2214 = false;  // 30 minutes of CoCM in a month that reaches neither 99492 nor 99493
  bool mental_health_biller =
      false;  // general: billed by a clinical psychologist or social worker (G0323 instead of 99484)
  bool operator==(const PayerRule&) const = default;
};

// In a small practice who holds `role` also does the work of `also`.
struct RoleMerge {
  std::string role;
  std::string also;
  bool operator==(const RoleMerge&) const = default;
};

struct Practice {
  std::string id;
  std::string name;
  std::string care_model;                 // coordinated | co-located | integrated | cocm
  std::vector<std::string> roles_active;  // care/team.h
  std::vector<RoleMerge> merged_roles;    // small-practice mode; empty: none
  std::string time_zone;                  // IANA name
  std::string workflow_version;
  std::vector<PayerRule> payers;  // the first stands for patients whose payer is not known
  Recorded recorded;
  bool operator==(const Practice&) const = default;
};

struct TeamMember {
  std::string id;
  std::string name;
  std::vector<std::string> roles;
  std::string qualification;  // of a behavioral health specialist: psychologist | social-worker | nurse | trained
  bool prescriber = false;    // licensed to prescribe; no role gives that
  bool champion = false;
  std::string start;
  std::string end;
  bool operator==(const TeamMember&) const = default;
};

struct TrainingRecord {
  std::string id;
  std::string member;
  std::string role;
  std::string topic;
  std::string completed;
  std::string refresh_due;
  bool operator==(const TrainingRecord&) const = default;
};

// A row of the local call list.
struct CommunityPartner {
  std::string id;
  std::string name;
  std::vector<std::string> capabilities;  // crisis | inpatient | substance-use | psychotherapy | housing | ...
  std::string availability;               // accepting | waiting-list | closed | unknown
  std::string contact;
  std::string hours;
  std::vector<std::string> payers;
  std::optional<int> age_from;
  std::optional<int> age_to;
  std::string owner;          // team member who keeps the row
  std::string last_verified;  // date
  bool operator==(const CommunityPartner&) const = default;
};

struct CrisisAction {
  std::string id;
  std::string text;
  int within_minutes = 0;  // of the moment the event was raised
  std::string role;
  std::string backup_role;
  std::string backup_member;
  bool operator==(const CrisisAction&) const = default;
};

// What is done when one of the triggers happens.
struct CrisisTier {
  std::string id;                     // "high"
  std::vector<std::string> triggers;  // safety rules ("phq-9.item-9"), or rule and level ("c-ssrs.triage=high")
  std::vector<CrisisAction> actions;
  std::vector<std::string> partners;  // ids of the referral list, first choice first
  int follow_up_hours = 0;
  bool operator==(const CrisisTier&) const = default;
};

// Published versions are never changed; the one in force on a day is the last one published by then.
struct CrisisProtocol {
  std::string id;
  std::string version;
  std::string in_force;  // from when
  std::string owner;
  std::vector<CrisisTier> tiers;  // most severe first
  bool operator==(const CrisisProtocol&) const = default;
};

// How care ran before, and what the practice wants to reach.
struct SuccessMetric {
  std::string id;
  std::string measure;  // id of care/measures.h, or the practice's own words
  std::optional<double> baseline;
  std::optional<double> target;
  std::string due;
  bool operator==(const SuccessMetric&) const = default;
};

struct Baseline {
  std::string id;
  std::string date;
  std::optional<int> patients_seen;
  std::string how_care_runs;
  std::vector<SuccessMetric> metrics;
  Recorded recorded;
  bool operator==(const Baseline&) const = default;
};

// Everything held of one practice.
struct PracticeRecord {
  Practice practice;
  std::vector<TeamMember> members;
  std::vector<TrainingRecord> training;
  std::vector<CommunityPartner> partners;
  std::vector<CrisisProtocol> protocols;
  std::vector<Baseline> baselines;
  std::vector<Feedback> feedback;  // of the staff
  bool operator==(const PracticeRecord&) const = default;
};

}  // namespace bhi::care
