#!/usr/bin/env python3
"""Generates adapter/care/medication_table.cpp: psychotropic ingredients with their class, upper
dose and what to watch, RxNorm codes and names.

usage: tools/generate_care_tables.py MEDICATIONS_JSON [OUTPUT]

Facts only. A code is taken when its source is confirmed; a weak one is taken and marked; an unconfirmed one is left out,
so that it is classified by its text. Brand names are common knowledge and stand below.
"""
import json
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent

# brand word (lower case) -> ingredients
BRANDS = {
    "abilify": "aripiprazole", "adderall": "amphetamine+dextroamphetamine", "adzenys": "amphetamine", "ambien": "zolpidem",
    "anafranil": "clomipramine", "antabuse": "disulfiram", "aptensio": "methylphenidate", "aristada": "aripiprazole",
    "ativan": "lorazepam", "auvelity": "bupropion", "belsomra": "suvorexant", "brintellix": "vortioxetine",
    "brixadi": "buprenorphine", "buspar": "buspirone", "campral": "acamprosate", "caplyta": "lumateperone",
    "catapres": "clonidine", "celexa": "citalopram", "chantix": "varenicline", "clozaril": "clozapine",
    "concerta": "methylphenidate", "contrave": "bupropion+naltrexone", "cymbalta": "duloxetine", "dalmane": "flurazepam",
    "daytrana": "methylphenidate", "dayvigo": "lemborexant", "depakene": "valproic acid", "depakote": "divalproex",
    "desyrel": "trazodone", "dexedrine": "dextroamphetamine", "dolophine": "methadone",
    "edluar": "zolpidem", "effexor": "venlafaxine", "elavil": "amitriptyline", "eldepryl": "selegiline", "emsam": "selegiline",
    "equetro": "carbamazepine", "evekeo": "amphetamine", "fanapt": "iloperidone", "fetzima": "levomilnacipran",
    "focalin": "dexmethylphenidate", "geodon": "ziprasidone", "gralise": "gabapentin", "halcion": "triazolam",
    "haldol": "haloperidol", "horizant": "gabapentin", "inderal": "propranolol", "intuniv": "guanfacine",
    "invega": "paliperidone", "kapvay": "clonidine", "klonopin": "clonazepam", "lamictal": "lamotrigine", "latuda": "lurasidone",
    "lexapro": "escitalopram", "librium": "chlordiazepoxide", "limbitrol": "amitriptyline+chlordiazepoxide",
    "lithobid": "lithium carbonate", "eskalith": "lithium carbonate", "lucemyra": "lofexidine", "lunesta": "eszopiclone",
    "luvox": "fluvoxamine", "lybalvi": "olanzapine", "marplan": "isocarboxazid", "methadose": "methadone",
    "minipress": "prazosin", "mydayis": "amphetamine+dextroamphetamine", "nardil": "phenelzine", "narcan": "naloxone",
    "navane": "thiothixene", "neurontin": "gabapentin", "nicoderm": "nicotine", "nicorette": "nicotine",
    "nicotrol": "nicotine", "norpramin": "desipramine", "nuplazid": "pimavanserin", "nuvigil": "armodafinil",
    "oleptro": "trazodone", "orap": "pimozide", "oxtellar": "oxcarbazepine", "pamelor": "nortriptyline",
    "parnate": "tranylcypromine", "paxil": "paroxetine", "pexeva": "paroxetine", "pristiq": "desvenlafaxine",
    "provigil": "modafinil", "prozac": "fluoxetine", "qelbree": "viloxazine", "quillivant": "methylphenidate",
    "quviviq": "daridorexant", "remeron": "mirtazapine", "restoril": "temazepam", "rexulti": "brexpiprazole",
    "risperdal": "risperidone", "ritalin": "methylphenidate", "rozerem": "ramelteon", "sarafem": "fluoxetine",
    "saphris": "asenapine", "savella": "milnacipran", "secuado": "asenapine", "seroquel": "quetiapine",
    "silenor": "doxepin", "sinequan": "doxepin", "spravato": "esketamine", "strattera": "atomoxetine",
    "sublocade": "buprenorphine", "suboxone": "buprenorphine+naloxone", "subutex": "buprenorphine",
    "surmontil": "trimipramine", "symbyax": "fluoxetine+olanzapine", "tegretol": "carbamazepine", "tenex": "guanfacine",
    "thorazine": "chlorpromazine", "tofranil": "imipramine", "topamax": "topiramate", "tranxene": "clorazepate",
    "trileptal": "oxcarbazepine", "trintellix": "vortioxetine", "valium": "diazepam", "viibryd": "vilazodone",
    "vistaril": "hydroxyzine", "vivactil": "protriptyline", "vivitrol": "naltrexone", "vraylar": "cariprazine",
    "vyvanse": "lisdexamfetamine", "wellbutrin": "bupropion", "xanax": "alprazolam", "zoloft": "sertraline",
    "zubsolv": "buprenorphine+naloxone", "zurzuvae": "zuranolone", "zyban": "bupropion", "zyprexa": "olanzapine",
}


def ingredient_row(entry):
    confirmed = str(entry.get("max_status", "")).startswith("confirmed")
    watch = "".join(rule + "," for rule in entry["monitoring"])
    return f'{{"{entry["ingredient"]}", "{entry["class"]}", {entry.get("max_adult_daily_mg") or 0}, {str(confirmed).lower()}, "{watch}"}}'


def rows(entries, form):
    lines, line = [], ""
    for entry in entries:
        text = form(entry) + ","
        if line and len(line) + len(text) + 5 > 116:
            lines.append("    " + line)
            line = ""
        line += (" " if line else "") + text
    if line:
        lines.append("    " + line)
    return "\n".join(lines)


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    data = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    output = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else TOP / "adapter/care/medication_table.cpp"

    entries = sorted(data["ingredients"], key=lambda e: e["ingredient"])
    index = {e["ingredient"]: i for i, e in enumerate(entries)}

    codes = set()  # (rxcui, ingredient index, weak)
    for entry in entries:
        i = index[entry["ingredient"]]
        if entry["rxcui"] and entry["rxcui_status"] in ("confirmed", "weak"):
            codes.add((entry["rxcui"], i, entry["rxcui_status"] == "weak"))
        if (entry.get("product_status") or "").startswith("confirmed"):
            for code in entry.get("product_rxcuis", []) + entry.get("combination_rxcuis", []):
                codes.add((code, i, False))
    # An ingredient code that also stands among the products is confirmed by the product list.
    codes = sorted((c, i, w) for c, i, w in codes if not (w and (c, i, False) in codes))

    names = [(e["ingredient"], index[e["ingredient"]]) for e in entries]
    for brand, ingredients in BRANDS.items():
        for ingredient in ingredients.split("+"):
            names.append((brand, index[ingredient]))
    names.sort()

    text = f"""// Generated by tools/generate_care_tables.py from the project's list of psychotropic medicines (as of {data["as_of"]}).
// Do not edit: change the list or the tool and run it again.
#include "care/medication_table.h"

#include <array>

namespace bhi::care {{

namespace {{

// clang-format off
constexpr auto kIngredients = std::to_array<Ingredient>({{
{rows(entries, ingredient_row)}
}});

// RxNorm code, ingredient (place in the list above), weak source. Sorted by code; a combination has a row per ingredient.
constexpr auto kCodes = std::to_array<DrugCode>({{
{rows(codes, lambda c: f'{{"{c[0]}", {c[1]}, {str(c[2]).lower()}}}')}
}});

// Ingredient and brand names in lower case. Sorted; a combination brand has a row per ingredient.
constexpr auto kNames = std::to_array<DrugName>({{
{rows(names, lambda n: f'{{"{n[0]}", {n[1]}}}')}
}});
// clang-format on

}}  // namespace

std::span<const Ingredient> ingredients() {{ return kIngredients; }}
std::span<const DrugCode> drug_codes() {{ return kCodes; }}
std::span<const DrugName> drug_names() {{ return kNames; }}

}}  // namespace bhi::care
"""
    output.write_text(text, encoding="utf-8")
    print(f"{output.name}: {len(entries)} ingredients, {len(codes)} codes, {len(names)} names")
    return 0


if __name__ == "__main__":
    sys.exit(main())
