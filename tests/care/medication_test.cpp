#include "care/medication.h"

#include "care/medication_table.h"
#include "tests/care/support.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::care::test {
namespace {

MedicationTherapy therapy_of(std::string_view rxcui, std::string_view text) {
  MedicationTherapy therapy;
  therapy.id = "med1";
  therapy.source = ehr("m1", "2026-11-01T00:00:00Z", "1", "MedicationRequest");
  if (!rxcui.empty()) therapy.codes = {{std::string(kRxNorm), std::string(rxcui), std::string(text)}};
  therapy.text = text;
  classify(therapy);
  return therapy;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

struct Case {
  const char* rxcui;
  const char* text;
  const char* drug_class;
  const char* by;
  const char* ingredients;
};

class RealOrder : public testing::TestWithParam<Case> {};

TEST_P(RealOrder, GetsItsClass) {
  const Case& expected = GetParam();
  const MedicationTherapy therapy = therapy_of(expected.rxcui, expected.text);
  EXPECT_EQ(therapy.drug_class, expected.drug_class);
  EXPECT_EQ(therapy.by, expected.by);
  EXPECT_EQ(joined(therapy.ingredients), expected.ingredients);
  EXPECT_TRUE(therapy.issues.empty()) << therapy.issues[0].text;
}

// Every distinct psychotropic order of the 28 Synthea bundles, the R4 and the behavioral health examples, as written
// there; US Core has none.
INSTANTIATE_TEST_SUITE_P(
    Psychotropic, RealOrder,
    testing::Values(
        Case{"1091392", "Methylphenidate Hydrochloride 20 MG Oral Tablet", "stimulant", "code", "methylphenidate"},
        Case{"1153378", "Clonazepam [Klonopin]", "benzodiazepine", "text", "clonazepam"},
        Case{"198031", "24hr nicotine transdermal patch", "tobacco", "text", "nicotine"},
        Case{"308971", "Carbamazepine[Tegretol]", "mood-stabilizer", "text", "carbamazepine"},
        Case{"563026", "Diazepam [Valium]", "benzodiazepine", "text", "diazepam"},
        Case{"608139", "atomoxetine 100 MG Oral Capsule", "non-stimulant-adhd", "code", "atomoxetine"},
        Case{"993532", "bupropion hydrochloride 200 MG", "atypical-antidepressant", "text", "bupropion"},
        Case{"197900", "lorazepam 0.5 MG Oral Tablet", "benzodiazepine", "code", "lorazepam"},
        Case{"1738483", "paroxetine hydrochloride 10 MG Oral Tablet", "SSRI", "code", "paroxetine"},
        // the R4 examples
        Case{"308047", "Alprazolam 0.25mg Oral Tablet", "benzodiazepine", "code", "alprazolam"},
        Case{"", "Lorazepam 2mg/ml injection solution 1ml vial (product)", "benzodiazepine", "text", "lorazepam"}));

// Every other distinct order of those files: none of them is psychotropic.
INSTANTIATE_TEST_SUITE_P(
    Other, RealOrder, testing::ValuesIn([] {
      std::vector<Case> cases;
      for (const char* text :
           {"cetirizine hydrochloride 5 MG Oral Tablet",
            "Acetaminophen 21.7 MG/ML / Dextromethorphan Hydrobromide 1 MG/ML / doxylamine succinate 0.417 MG/ML Oral "
            "Solution",
            "Acetaminophen 325 MG / Oxycodone Hydrochloride 10 MG Oral Tablet [Percocet]",
            "diphenhydrAMINE Hydrochloride 25 MG Oral Tablet",
            "Methotrexate 10 MG Oral Tablet",
            "Hydrocortisone 10 MG/ML Topical Cream",
            "NuvaRing 0.12/0.015 MG per 24HR 21 Day Vaginal Ring",
            "glycopyrrolate 1.5 MG Oral Tablet [Glycate]",
            "24 HR Donepezil hydrochloride 10 MG / Memantine hydrochloride 28 MG Extended Release Oral Capsule",
            "NDA020800 0.3 ML Epinephrine 1 MG/ML Auto-Injector",
            "Amlodipine 5 MG Oral Tablet",
            "Naproxen 500 MG Oral Tablet",
            "Ibuprofen 100 MG Oral Tablet",
            "levofloxacin 500 MG Oral Tablet",
            "Acetaminophen 325 MG Oral Tablet [Tylenol]",
            "Aspirin 81 MG Oral Tablet",
            "didanosine 400 MG Delayed Release Oral Capsule",
            "Amoxicillin 250 MG Oral Capsule",
            "Cefaclor 250 MG Oral Capsule",
            "Cefuroxime 250 MG Oral Tablet",
            "Clopidogrel 75 MG Oral Tablet",
            "Galantamine 4 MG Oral Tablet",
            "Hydrochlorothiazide 25 MG Oral Tablet",
            "Simvastatin 20 MG Oral Tablet",
            "stavudine 40 MG Oral Capsule",
            "lisinopril 10 MG Oral Tablet",
            "Simvistatin 10 MG",
            "ritonavir 100 MG Oral Capsule",
            "Etonogestrel 68 MG Drug Implant",
            "Chlorpheniramine Maleate 2 MG/ML Oral Solution",
            "Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet",
            "Loratadine 5 MG Chewable Tablet",
            "Nitroglycerin 0.4 MG/ACTUAT Mucosal Spray",
            "200 ACTUAT Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler",
            "Yaz 28 Day Pack",
            "Trinessa 28 Day Pack",
            "Jolivette 28 Day Pack",
            "Mirena 52 MG Intrauterine System",
            "Penicillin V Potassium 250 MG Oral Tablet",
            "cycloSPORINE 50 MG Oral Capsule",
            "Naproxen sodium 220 MG Oral Tablet",
            "Acetaminophen 300 MG / Hydrocodone Bitartrate 5 MG Oral Tablet",
            "saquinavir mesylate 500 MG Oral Tablet",
            "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet",
            "Meperidine Hydrochloride 50 MG Oral Tablet",
            "120 ACTUAT Fluticasone propionate 0.044 MG/ACTUAT Metered Dose Inhaler",
            "Alendronic acid 10 MG Oral Tablet",
            "Levothyroxine Sodium 0.075 MG Oral Tablet",
            "Natazia 28 Day Pack",
            "Fexofenadine hydrochloride 30 MG Oral Tablet",
            "24 HR metformin hydrochloride 1000 MG / saxagliptin 2.5 MG Extended Release Oral Tablet"}) {
        cases.push_back({"", text, "other", "none", ""});
      }
      return cases;
    }()));

INSTANTIATE_TEST_SUITE_P(
    LookAlikes, RealOrder,
    testing::Values(Case{"", "Desvenlafaxine 50 MG", "SNRI", "text", "desvenlafaxine"},
                    Case{"", "Venlafaxine 75 MG", "SNRI", "text", "venlafaxine"},
                    Case{"", "buPROPion XL 150 mg", "atypical-antidepressant", "text", "bupropion"},
                    Case{"", "Buprenorphine 8 MG sublingual", "MOUD", "text", "buprenorphine"},
                    Case{"", "esketamine nasal spray", "atypical-antidepressant", "text", "esketamine"},
                    Case{"", "ketamine infusion", "other", "none", ""},
                    Case{"", "hydrALAZINE 25 MG", "other", "none", ""},
                    Case{"", "hydrOXYzine 25 MG", "anxiolytic-other", "text", "hydroxyzine"},
                    Case{"", "lamivudine 150 MG", "other", "none", ""},
                    Case{"", "lamoTRIgine 25 MG", "mood-stabilizer", "text", "lamotrigine"},
                    Case{"", "Oxcarbazepine 300 MG", "mood-stabilizer", "text", "oxcarbazepine"},
                    Case{"", "levomilnacipran 40 MG", "SNRI", "text", "levomilnacipran"},
                    Case{"", "Escitalopram 10 MG", "SSRI", "text", "escitalopram"},
                    Case{"", "Dexmethylphenidate 5 MG", "stimulant", "text", "dexmethylphenidate"},
                    Case{"", "Lithium Carbonate 300 MG", "mood-stabilizer", "text", "lithium carbonate"},
                    Case{"", "nicotinic acid 500 MG", "other", "none", ""},
                    Case{"", "Celebrex 200 MG", "other", "none", ""},
                    Case{"", "Celexa 20 MG", "SSRI", "text", "citalopram"},
                    Case{"", "Xanax", "benzodiazepine", "text", "alprazolam"},
                    Case{"", "Lexapro", "SSRI", "text", "escitalopram"}));

INSTANTIATE_TEST_SUITE_P(
    Combinations, RealOrder,
    testing::Values(Case{"721787", "", "SGA+SSRI", "code", "fluoxetine, olanzapine"},
                    Case{"1551468", "", "MOUD/AUD+atypical-antidepressant", "code", "bupropion, naltrexone"},
                    Case{"", "Suboxone 8/2 film", "MOUD+overdose-reversal", "text", "buprenorphine, naloxone"},
                    Case{"", "Perphenazine 2 MG / Amitriptyline 10 MG", "FGA+TCA", "text",
                         "amitriptyline, perphenazine"},
                    Case{"", "Adderall XR 20 mg", "stimulant", "text", "amphetamine, dextroamphetamine"}));

TEST(Medication, CodesOfOtherSystemsDoNotCount) {
  MedicationTherapy therapy;
  therapy.codes = {{"http://hl7.org/fhir/sid/ndc", "36437", ""}};
  classify(therapy);
  EXPECT_EQ(therapy.by, "none");
  EXPECT_EQ(therapy.drug_class, "other");
  therapy.codes[0].system = kRxNorm;
  classify(therapy);
  EXPECT_EQ(joined(therapy.ingredients), "sertraline");
}

TEST(Medication, ACodeThatContradictsTheTextIsSaid) {
  // 1819 is buprenorphine; public lists carry it as bupropion.
  const MedicationTherapy therapy = therapy_of("1819", "bupropion 150 MG");
  EXPECT_EQ(therapy.by, "code");
  EXPECT_EQ(joined(therapy.ingredients), "buprenorphine");
  ASSERT_EQ(therapy.issues.size(), 1U);
  EXPECT_EQ(therapy.issues[0].text, "the code means buprenorphine, the text names bupropion; classified by the code");
  EXPECT_EQ(therapy.issues[0].path, "MedicationTherapy/med1");
}

TEST(Medication, ASaltInTheTextContradictsNothing) {
  EXPECT_TRUE(therapy_of("6448", "Lithium Carbonate 300 MG").issues.empty());
  EXPECT_TRUE(therapy_of("11118", "Divalproex").issues.empty());
}

TEST(Medication, AWeakCodeIsUsedAndMarked) {
  const MedicationTherapy therapy = therapy_of("39993", "");
  EXPECT_EQ(joined(therapy.ingredients), "zolpidem");
  ASSERT_EQ(therapy.issues.size(), 1U);
  EXPECT_NE(therapy.issues[0].text.find("weak source"), std::string::npos);
}

TEST(Medication, AnUnconfirmedCodeIsNotUsed) {
  EXPECT_EQ(therapy_of("2356", "").by, "none");  // chlordiazepoxide, no source
  EXPECT_EQ(therapy_of("2356", "chlordiazepoxide 10 MG").by, "text");
}

TEST(Medication, ClassifyingAgainChangesNothing) {
  MedicationTherapy therapy = therapy_of("1819", "bupropion 150 MG");
  const MedicationTherapy once = therapy;
  classify(therapy);
  EXPECT_EQ(therapy, once);
}

TEST(Medication, ADailyDoseNeedsAllItsParts) {
  Dose dose;
  dose.value = 50;
  dose.unit = "mg";
  EXPECT_FALSE(daily_dose(dose));
  dose.times_per_day = 2;
  ASSERT_TRUE(daily_dose(dose));
  EXPECT_EQ(daily_dose(dose)->value, 100);
  EXPECT_EQ(daily_dose(dose)->unit, "mg");
  dose.as_needed = true;
  EXPECT_FALSE(daily_dose(dose));
  dose.as_needed = false;
  dose.unit.clear();
  EXPECT_FALSE(daily_dose(dose));
}

TEST(Medication, TreatmentOfASubstanceUseDisorderIsKnownByItsClass) {
  EXPECT_TRUE(is_substance_use(therapy_of("", "Suboxone")));
  EXPECT_TRUE(is_substance_use(therapy_of("", "naltrexone 50 MG")));
  EXPECT_TRUE(is_substance_use(therapy_of("", "disulfiram")));
  EXPECT_FALSE(is_substance_use(therapy_of("", "naloxone nasal spray")));
  EXPECT_FALSE(is_substance_use(therapy_of("", "sertraline")));
}

TEST(MedicationTable, IsSortedAndPointsInside) {
  EXPECT_TRUE(std::ranges::is_sorted(drug_codes(), {}, &DrugCode::rxcui));
  EXPECT_TRUE(std::ranges::is_sorted(drug_names(), {}, &DrugName::name));
  EXPECT_TRUE(std::ranges::is_sorted(ingredients(), {}, &Ingredient::name));
  EXPECT_EQ(ingredients().size(), 109U);
  for (const DrugCode& row : drug_codes()) EXPECT_LT(row.ingredient, ingredients().size());
  for (const DrugName& row : drug_names()) EXPECT_LT(row.ingredient, ingredients().size());
}

}  // namespace
}  // namespace bhi::care::test
