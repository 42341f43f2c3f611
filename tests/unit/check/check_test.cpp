// The parts of the conformance suite that need no plugin.

#include "check/case.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <set>

#include "base/error.hpp"
#include "check/application.hpp"
#include "check/elf_symbols.hpp"
#include "check/outcome.hpp"
#include "check/process_state.hpp"
#include "check/runner.hpp"
#include "check/settings.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using namespace lshost::check;
using Catch::Matchers::Contains;

namespace {

const std::vector<config::KeySpec> kKeys = {
    {.key = "path", .required = true, .url = config::UrlPart::path},
    {.key = "count", .type = config::KeyType::integer},
    {.key = "hosts", .list = true},
};

std::string text_of(const config::ReplicaConfig& replica, const std::string& key) {
  const auto* entry = find_entry(replica, key);
  return entry == nullptr ? "(none)" : std::get<std::string>(entry->value.data);
}

}  // namespace

TEST_CASE("check: every case has a name of its own and stands behind the one that it needs", "[check]") {
  std::set<std::string_view> seen;
  for (const Case& which : all_cases()) {
    CAPTURE(which.name);
    CHECK(seen.insert(which.name).second);
    CHECK((which.needs.empty() || seen.contains(which.needs)));
    CHECK_FALSE(which.promise.empty());
    CHECK_FALSE(which.hint.empty());
    CHECK(which.limit.count() > 0);
    CHECK(find_case(which.name) == &which);
  }
  CHECK(find_case("nothing") == nullptr);
}

TEST_CASE("check: every case has its paragraph in docs/PLUGIN_CHECK.md", "[check]") {
  std::ifstream in(std::string(LSHOST_TEST_SOURCE_DIR) + "/docs/PLUGIN_CHECK.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  for (const Case& which : all_cases()) CHECK_THAT(text, Contains("\n**" + std::string(which.name) + ".** "));
}

TEST_CASE("check: a case is skipped if the one that it needs did not pass", "[check]") {
  const Case& kill = *find_case("kill");
  CHECK(reason_to_skip(kill, {}).empty());  // chosen alone
  CHECK(reason_to_skip(kill, {{"promise", {Verdict::passed, ""}}}).empty());
  CHECK_THAT(reason_to_skip(kill, {{"promise", {Verdict::failed, "x"}}}), Contains("'promise', which failed"));
  CHECK(reason_to_skip(kill, {{"promise", {Verdict::skipped, "no restore"}}}) == "no restore");
}

TEST_CASE("check: messages of a case's process survive their way, and other lines are none", "[check]") {
  const auto back = decode(encode({"stop was called", Outcome{Verdict::failed, "line 1\nline \"2\""}}));
  REQUIRE(back);
  CHECK(back->doing == "stop was called");
  REQUIRE(back->outcome);
  CHECK(back->outcome->verdict == Verdict::failed);
  CHECK(back->outcome->reason == "line 1\nline \"2\"");
  for (const auto* line : {"", "hello", "{}", "[]", "{\"verdict\":\"great\"}", "{\"verdict\":1}"})
    CHECK_FALSE(decode(line));
}

TEST_CASE("check: only the names of the ABI may be exported", "[check]") {
  for (const auto* name : {"lshost_plugin_v1", "lshost_plugin_v2", "lshost_plugin_meta", "_init", "_edata"}) {
    CHECK(may_be_exported(name));
  }
  for (const auto* name : {"lshost_plugin_v", "lshost_plugin_vx", "lshost_plugin_v1x", "malloc", "_ZN3fooE"}) {
    CHECK_FALSE(may_be_exported(name));
  }
}

TEST_CASE("check: symbols of what is no whole library are refused", "[check]") {
  std::vector<std::byte> bytes(64);
  CHECK_THROWS_AS(exported_symbols(bytes), Error);
  bytes[4] = std::byte{2};          // 64 bits
  bytes[60] = std::byte{1};         // one section
  bytes[40 + 7] = std::byte{0x7f};  // far behind the end
  CHECK_THROWS_AS(exported_symbols(bytes), Error);
  CHECK_THROWS_AS(exported_symbols({}), Error);
}

TEST_CASE("check: a place is found for a plugin that says which key it is", "[check]") {
  CHECK(text_of(replica_of({}, "x", kKeys, false), "path") == "{scratch}");
  CHECK(text_of(replica_of({.set = {"path=/a/{unique}"}}, "x", kKeys, false), "path") == "/a/{unique}");
}

TEST_CASE("check: a store's commits do not wait for the next second", "[check]") {
  auto keys = kKeys;
  keys.push_back({.key = "sync-interval", .type = config::KeyType::duration});
  CHECK(text_of(replica_of({}, "x", keys, true), "sync-interval") == "10ms");
  CHECK(text_of(replica_of({.set = {"sync-interval=2s"}}, "x", keys, true), "sync-interval") == "2s");
  CHECK(text_of(replica_of({}, "x", keys, false), "sync-interval") == "(none)");
}

TEST_CASE("check: settings have the types that the keys have", "[check]") {
  const auto replica = replica_of({.set = {"count=17", "hosts=a", "hosts=b"}}, "x", kKeys, false);
  CHECK(std::get<std::int64_t>(find_entry(replica, "count")->value.data) == 17);
  CHECK(std::get<std::vector<config::Value>>(find_entry(replica, "hosts")->value.data).size() == 2);
  const auto mistake = [](std::vector<std::string> set) {
    try {
      (void)replica_of({.set = std::move(set)}, "x", kKeys, false);
      return std::string();
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  CHECK_THAT(mistake({"count=many"}), Contains("count"));
  CHECK_THAT(mistake({"cuont=1"}), Contains("did you mean 'count'"));
  CHECK_THAT(mistake({"count"}), Contains("KEY=VALUE"));
  CHECK_THAT(mistake({"count=1", "count=2"}), Contains("twice"));
  CHECK_THAT(mistake({"path=${LSHOST_TEST_NO_SUCH_VARIABLE}"}), Contains("LSHOST_TEST_NO_SUCH_VARIABLE"));
}

TEST_CASE("check: without a schema a value is what it looks like", "[check]") {
  const auto replica = replica_of({.set = {"a=1", "b=true", "c=text"}}, "x", std::nullopt, false);
  CHECK(std::holds_alternative<std::int64_t>(find_entry(replica, "a")->value.data));
  CHECK(std::holds_alternative<bool>(find_entry(replica, "b")->value.data));
  CHECK(text_of(replica, "c") == "text");
  CHECK(find_entry(replica, "path") == nullptr);
}

TEST_CASE("check: placeholders are replaced everywhere", "[check]") {
  const auto replica =
      placed(replica_of({.set = {"path={scratch}/{unique}", "hosts={unique}"}}, "x", kKeys, false), "/s", "u");
  CHECK(text_of(replica, "path") == "/s/u");
  const auto& hosts = std::get<std::vector<config::Value>>(find_entry(replica, "hosts")->value.data);
  CHECK(std::get<std::string>(hosts.front().data) == "u");
  CHECK_FALSE(has_placeholder(replica));
}

TEST_CASE("check: what changed in a process is told", "[check]") {
  ProcessState before{{{1, "main"}}, {{0, "/dev/null"}, {3, "pipe"}}, {13}, {"A=1"}, "/", 022};
  CHECK(changes(before, before).empty());
  ProcessState after = before;
  after.threads[2] = "spy";
  after.descriptors[9] = "socket:[1]";
  after.descriptors.erase(0);
  after.descriptors[3] = "/etc/passwd";
  after.handled_signals.insert(11);
  after.environment.insert("TOKEN=secret");
  after.directory = "/tmp";
  after.umask = 0;
  const std::string text = changes(before, after);
  CHECK_THAT(text, Contains("'spy'") && Contains("socket:[1]") && Contains("descriptor 0 of the host is closed") &&
                       Contains("leads to /etc/passwd") && Contains("SIGSEGV") && Contains("TOKEN") &&
                       Contains("working directory") && Contains("umask"));
  CHECK_THAT(text, !Contains("secret"));
}

TEST_CASE("check: the state after n transactions is known to whoever knows the seed", "[check]") {
  const test::TempDir folder;
  Application one(folder / "one.db");
  Application two(folder / "two.db", 512);
  one.commit(7, 40);
  two.commit(7, 15);
  two.commit(7, 25);
  CHECK(one.committed() == 40);
  CHECK(one.digest() == two.digest());
  Expected expected(7);
  CHECK(expected.digest_after(40) == one.digest());
  const auto at_40 = one.digest();
  one.commit(7);
  CHECK(one.digest() != at_40);
  CHECK(expected.digest_after(41) == one.digest());
  CHECK(expected.digest_after(40) == at_40);  // back again
  Application other(folder / "other.db");
  other.commit(8, 40);
  CHECK(other.digest() != at_40);
}
