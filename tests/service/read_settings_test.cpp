// The configuration file: what is right is taken, and every mistake is named where it stands.
#include "service/read_settings.h"

#include "service/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace bhi::service {
namespace {

constexpr const char* kLeast = "instance_id: one\nstore: {path: /tmp/x.db}\n";
constexpr const char* kHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

std::string mistakes(const std::string& text) {
  const auto read = read_settings(text, "f.yaml");
  return read.ok() ? "" : read.error().message;
}

TEST(ReadSettings, TakesTheLeastFileAndFillsInTheDefaults) {
  const auto read = read_settings(kLeast, "f.yaml");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->instance_id, "one");
  EXPECT_EQ(read->listen.text(), "127.0.0.1:8420");
  EXPECT_EQ(read->management.text(), "127.0.0.1:8421");
  EXPECT_EQ(read->limits.max_body_bytes, 16777216u);
  EXPECT_EQ(read->limits.max_depth, 64u);
  EXPECT_EQ(read->policy.safety_recent_days, 14);
  EXPECT_TRUE(read->sources.empty());
}

TEST(ReadSettings, TakesSourcesAndTokens) {
  const auto read =
      read_settings(std::string(kLeast) + "tokens:\n  - {name: ehr-1, role: ehr, hash: " + kHash +
                        ", source: main}\nsources:\n  - name: main\n    base_url: https://ehr.example/fhir\n"
                        "    auth: {type: bearer, token_file: /run/token}\n    types: [Patient, CarePlan]\n"
                        "    poll_interval_secs: 5\n    write_back: true\n",
                    "f.yaml");
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->tokens.size(), 1u);
  EXPECT_EQ(read->tokens[0].role, Role::Ehr);
  EXPECT_EQ(read->tokens[0].hash, sha256("test"));
  ASSERT_EQ(read->sources.size(), 1u);
  const auto& source = read->sources[0];
  EXPECT_EQ(source.types, (std::vector<std::string>{"Patient", "CarePlan"}));
  EXPECT_EQ(source.poll_interval_secs, 5);
  EXPECT_EQ(source.overlap_secs, 150);
  EXPECT_EQ(source.auth.token_file, "/run/token");
  EXPECT_TRUE(source.write_back);
  EXPECT_EQ(find_source(*read, "main"), &source);
  EXPECT_EQ(find_source(*read, "other"), nullptr);
}

TEST(ReadSettings, TakesBulkExportAndWantsItsGroup) {
  const std::string source = std::string(kLeast) + "sources:\n  - name: a\n    base_url: http://127.0.0.1:1/fhir\n";
  const auto read = read_settings(source +
                                      "    bulk: {use: first-load, group: team, types: [Patient], kick_off: post,\n"
                                      "      since: 2025-01-01, file_origins: [\"https://files.example\"]}\n",
                                  "f.yaml");
  ASSERT_TRUE(read.ok()) << read.error().message;
  const auto& bulk = read->sources[0].bulk;
  EXPECT_EQ(bulk.use, BulkUse::FirstLoad);
  EXPECT_EQ(bulk.kick_off, flow::BulkForm::Post);
  EXPECT_EQ(bulk.group, "team");
  EXPECT_EQ(bulk.interval_secs, 86'400);
  EXPECT_EQ(bulk.file_origins, std::vector<std::string>{"https://files.example"});
  EXPECT_NE(mistakes(source + "    bulk: {use: only}\n").find("bulk.group: required"), std::string::npos);
  EXPECT_NE(mistakes(source + "    bulk: {use: only, level: system, group: x}\n").find("belongs to bulk.level"),
            std::string::npos);
  EXPECT_NE(mistakes(source + "    bulk: {file_origins: [\"https://files.example/x\"]}\n").find("file_origins"),
            std::string::npos);
}

TEST(ReadSettings, NamesPlaceAndSuggestionOfAMisspeltOption) {
  EXPECT_EQ(mistakes(std::string(kLeast) + "sources:\n  - name: a\n    poll_intervall_secs: 3\n"),
            "f.yaml:5:5: sources[0].poll_intervall_secs: unknown option; did you mean `poll_interval_secs`?");
  EXPECT_EQ(mistakes(std::string(kLeast) + "limit: {max_depth: 3}\n"),
            "f.yaml:3:1: limit: unknown option; did you mean `limits`?");
}

TEST(ReadSettings, ReportsAllMistakesAtOnceInTheirOrder) {
  const auto text = mistakes(
      "listen: here\nworkers: 0\nstore:\n  path: x.db\n  paht: y\nlimits:\n  max_depth: deep\nsources:\n  - base_url: "
      "ftp://x\n"
      "    types: [Patient, Pacient]\n");
  EXPECT_EQ(text,
            "f.yaml:1:1: instance_id: required, not given; expected a name of letters, digits, '-', '_', '.', at most "
            "64 characters\n"
            "f.yaml:1:9: listen: expected an address as host:port, found 'here'\n"
            "f.yaml:2:10: workers: expected a whole number from 1 to 64, found '0'\n"
            "f.yaml:5:3: store.paht: unknown option; did you mean `path`?\n"
            "f.yaml:7:14: limits.max_depth: expected a whole number from 8 to 1000, found 'deep'\n"
            "f.yaml:9:5: sources[0].name: required, not given; expected a name of letters, digits, '-', '_', '.', at "
            "most 64 characters\n"
            "f.yaml:9:15: sources[0].base_url: expected an http or https URL without user, query and fragment, found "
            "'ftp://x'\n"
            "f.yaml:10:22: sources[0].types: expected a list of FHIR R4 resource types, found 'Pacient'");
}

TEST(ReadSettings, RefusesAnAddressOffLoopbackWithoutAToken) {
  for (const char* address : {"0.0.0.0:8420", "192.168.1.2:80", "'[::]:80'", "127.example.org:80"}) {
    EXPECT_NE(
        mistakes(std::string(kLeast) + "listen: " + address + "\n").find("at least one entry in `tokens` is required"),
        std::string::npos)
        << address;
  }
  EXPECT_EQ(
      mistakes(std::string(kLeast) + "listen: 0.0.0.0:8420\ntokens: [{name: a, role: ehr, hash: " + kHash + "}]\n"),
      "");
  EXPECT_EQ(mistakes(std::string(kLeast) + "listen: '[::1]:8420'\n"), "");
}

TEST(ReadSettings, NeverRepeatsWhatStandsInThePlaceOfAHash) {
  const auto text = mistakes(std::string(kLeast) + "tokens: [{name: a, role: ehr, hash: my-secret-token}]\n");
  EXPECT_EQ(text, "f.yaml:3:37: tokens[0].hash: expected 64 hex digits (SHA-256 of the token), found 15 characters");
}

TEST(ReadSettings, RefusesTheSameNameOrTokenTwice) {
  const std::string token = std::string("{name: a, role: ehr, hash: ") + kHash + "}";
  const auto text = mistakes(std::string(kLeast) + "tokens:\n  - " + token + "\n  - " + token +
                             "\nsources: [{name: s}, {name: s}]\n");
  EXPECT_NE(text.find("tokens[1].name: used by another token"), std::string::npos) << text;
  EXPECT_NE(text.find("tokens[1].hash: the same token twice"), std::string::npos) << text;
  EXPECT_NE(text.find("sources[1].name: used by another source"), std::string::npos) << text;
}

TEST(ReadSettings, RefusesDoubleKeysAndSeveralDocuments) {
  EXPECT_EQ(mistakes(std::string(kLeast) + "workers: 1\nworkers: 2\n"), "f.yaml:4:1: workers: stands here twice");
  EXPECT_NE(mistakes(std::string(kLeast) + "---\nworkers: 2\n"), "");
  EXPECT_NE(mistakes(""), "");
  EXPECT_NE(mistakes("- a\n"), "");
}

TEST(ReadSettings, SaysWhereTheTextIsNoYaml) {
  EXPECT_TRUE(mistakes("a: [1, 2\nb: 3\n").starts_with("f.yaml:2:")) << mistakes("a: [1, 2\nb: 3\n");
}

TEST(ReadSettings, KeepsPlainHttpOnLoopbackUnlessToldOtherwise) {
  const auto with = [](const std::string& url, const std::string& more) {
    return mistakes(std::string(kLeast) + "sources: [{name: a, base_url: '" + url + "'" + more + "}]\n");
  };
  EXPECT_EQ(with("http://127.0.0.1:9000/fhir", ""), "");
  EXPECT_EQ(with("http://[::1]:9000/fhir", ""), "");
  EXPECT_NE(with("http://127.0.0.1.example.org/fhir", ""), "");
  EXPECT_NE(with("http://ehr.example/fhir", ""), "");
  EXPECT_EQ(with("http://ehr.example/fhir", ", allow_plain_http: true"), "");
  EXPECT_NE(with("http://ehr.example/fhir", ", allow_plain_http: true, auth: {type: bearer, token_file: /t}"), "");
  EXPECT_NE(with("https://user:pass@ehr.example/fhir", ""), "");
}

TEST(ReadSettings, WantsWhatATypeOfAuthorisationNeedsAndNothingElse) {
  const auto with = [](const std::string& auth, const std::string& more = "") {
    return mistakes(std::string(kLeast) + "sources: [{name: a, base_url: 'https://ehr.example/fhir', auth: {" + auth +
                    "}" + more + "}]\n");
  };
  EXPECT_EQ(with("type: smart, client_id: us, key_files: [/k]"), "");
  EXPECT_EQ(with("type: smart, client_id: us, key_files: [/k, /l], key_ids: [a, b], scopes: ['system/*.read']"), "");
  EXPECT_EQ(with("type: client-secret-post, client_id: us, secret_file: /s"), "");
  EXPECT_NE(with("type: smart, client_id: us").find("auth.key_files: required"), std::string::npos);
  EXPECT_NE(with("type: smart, key_files: [/k]").find("auth.client_id: required"), std::string::npos);
  EXPECT_NE(with("type: client-secret-basic, client_id: us").find("auth.secret_file: required"), std::string::npos);
  EXPECT_NE(with("type: smart, client_id: us, key_files: [/k], secret_file: /s").find("of no meaning"),
            std::string::npos);
  EXPECT_NE(with("type: smart, client_id: us, key_files: [/k, /l], key_ids: [a]").find("one for each"),
            std::string::npos);
  EXPECT_NE(with("type: smart, client_id: us, key_files: [/k], token_url: 'http://ehr.example/t'").find("https"),
            std::string::npos);
}

TEST(ReadSettings, KeepsNoAuthorisationToLoopbackAndMutualTls) {
  const auto with = [](const std::string& url, const std::string& more = "") {
    return mistakes(std::string(kLeast) + "sources: [{name: a, base_url: '" + url + "'" + more + "}]\n");
  };
  EXPECT_NE(with("https://ehr.example/fhir").find("`none` is for loopback and mutual TLS"), std::string::npos);
  EXPECT_EQ(with("https://ehr.example/fhir", ", tls: {cert_file: /c, key_file: /k}"), "");
  EXPECT_EQ(with("https://localhost/fhir"), "");
  EXPECT_NE(with("https://localhost/fhir", ", tls: {cert_file: /c}").find("belong together"), std::string::npos);
}

TEST(ReadSettings, HoldsTheOptionsOfSourcesTogether) {
  const auto with = [](const std::string& sources) {
    return mistakes(std::string(kLeast) + "identity: {link_systems: ['urn:oid:1.2']}\nsources:\n" + sources);
  };
  EXPECT_EQ(with("  - {name: a, drop_folder: /drop/a}\n  - {name: b, drop_folder: /drop/b}\n"), "");
  EXPECT_NE(with("  - {name: a, drop_folder: /drop/a}\n  - {name: b, drop_folder: /drop/a}\n").find("another source"),
            std::string::npos);
  EXPECT_EQ(with("  - {name: a, cohort: {type: search, search: 'Condition?code=x'}}\n"), "");
  EXPECT_EQ(with("  - {name: a, cohort: {type: enrolled}}\n"), "");
  EXPECT_NE(with("  - {name: a, cohort: {type: search}}\n").find("cohort.search"), std::string::npos);
  EXPECT_NE(with("  - {name: a, cohort: {search: 'Condition?code=x'}}\n").find("cohort.search"), std::string::npos);
  EXPECT_NE(with("  - {name: a, cohort: {type: search, search: 'Nonsense?x=y'}}\n").find("cohort.search"),
            std::string::npos);
  const auto read =
      read_settings(std::string(kLeast) + "sources:\n  - {name: a}\n  - {name: b, types: [Patient]}\n", "f");
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->sources[0].types_listed);
  EXPECT_GT(read->sources[0].types.size(), 10u);
  EXPECT_TRUE(read->sources[1].types_listed);
}

TEST(CheckFiles, RefusesASecretThatOthersCanRead) {
  const auto folder = std::filesystem::temp_directory_path() / ("bhi-secret-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const auto file = (folder / "token").string();
  std::ofstream(file) << "abc\n";
  for (const mode_t mode : {0640, 0604, 0620, 0644}) {
    chmod(file.c_str(), mode);
    EXPECT_FALSE(check_secret_file(file).ok()) << mode;
  }
  chmod(file.c_str(), 0600);
  EXPECT_TRUE(check_secret_file(file).ok());
  std::ofstream(file, std::ios::trunc).close();
  EXPECT_FALSE(check_secret_file(file).ok());
  EXPECT_FALSE(check_secret_file(folder.string()).ok());
  EXPECT_FALSE(check_secret_file((folder / "none").string()).ok());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace bhi::service
