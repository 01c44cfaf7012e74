// Records that go from one patient to another, because the EHR says so: two records of a person were merged there
// (Patient.link), or a resource was given to another patient. Nothing is lost, nothing is copied, and nothing is
// guessed: without a word of the EHR records stay where they are.
// https://hl7.org/fhir/R4/patient.html#links
#pragma once

#include "base/result.h"
#include "fhir/node.h"
#include "flow/engine.h"
#include "flow/ports.h"
#include "flow/record.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::flow {

// What a Patient of a source says of other records of the same person, as ids of this source. Links to other servers
// and of type seealso and refer say nothing about where records belong.
struct PatientLinks {
  std::vector<std::string> replaced_by;  // more than one: nobody can tell where the records belong
  std::vector<std::string> replaces;
};
PatientLinks patient_links(const Engine& engine, const fhir::Node& patient, const std::string& source);

// Which record stands for a patient now. One for each attempt at a lane.
class Persons {
 public:
  explicit Persons(Store& store) : store_(store) {}

  // Follows what was merged, in the store and in this attempt; of a circle the start.
  Result<std::string> now(const std::string& care_id);
  void merged(const std::string& care_id, const std::string& into) { known_[care_id] = into; }
  // Into which record this one was merged, by the store; empty: into none.
  Result<std::string> replaced_by(const std::string& care_id);
  // Does following `care_id` come by `through`?
  Result<bool> comes_by(const std::string& care_id, const std::string& through);

 private:
  Store& store_;
  std::map<std::string, std::string> known_;
};

// What the arrival of a Patient means for where its records belong.
struct Merge {
  enum class What {
    None,      // it stands for itself, as before
    Into,      // `into` stands for it from now on; its records go there
    Kept,      // as before: merged into `into`
    Undone,    // it was merged and stands for itself again; what was moved stays, and a person has to look
    Doubtful,  // the links contradict each other: nothing is done, a person has to look
  };
  What what = What::None;
  std::string into;     // care id
  std::string into_id;  // the same at the source
  std::string reason;   // of Undone and Doubtful
};
// By its own links; `copy` is the Patient as it arrived. An undone merge is believed only of a record in use that its
// survivor no longer claims: some EHRs state a merge on one of the two only.
Result<Merge> merge_of(const Engine& engine, Store& store, Persons& persons, const fhir::Node& patient,
                       const ResourceCopy& copy);
// Records that this one says it replaces and that nothing says otherwise of, as ids of the source.
Result<std::vector<std::string>> replaced_here(const Engine& engine, Store& store, Persons& persons,
                                               const fhir::Node& patient, const ResourceCopy& copy);

// A record with what comes to it from elsewhere: in `record` as if it had always been there, with the versions that
// the rows have where they are now.
struct Arrived {
  std::vector<StoredEntity> rows;  // under their new patient; to be written unless apply() touched them
};

// All of `from` but the Patient itself.
Result<void> absorb(Store& store, std::string_view from, std::string_view into, LoadedRecord& record, Arrived& arrived);

// One entity that is stored under another patient, and the safety events derived from it. Nothing when it is not.
Result<void> adopt(Store& store, std::string_view kind, std::string_view id, std::string_view into,
                   LoadedRecord& record, Arrived& arrived);

// Kind and id of the entity that a change makes; empty when it makes none of its own.
std::pair<std::string_view, std::string_view> entity_of(const care::Change& change);

// Do these changes leave the patient merged into another?
bool is_merged_away(const std::vector<care::Change>& changes);
LoadedRecord only_patient(const LoadedRecord& record);

// The rows that nothing else in `worked` writes.
void add_arrived(Worked& worked, const Arrived& arrived);

}  // namespace bhi::flow
