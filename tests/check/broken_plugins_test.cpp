// Goal: each case of the suite finds what it is for, and blames nothing else.
// Method: plugins that are broken on purpose in one place; what fails must be exactly the case of that place.

#include <catch2/catch.hpp>

#include "support/plugin_check.hpp"

using namespace lshost::test;

namespace {

struct Broken {
  std::string fault;
  std::set<std::string> failed;
  std::string reason;  ///< a part of what it says
  std::vector<std::string> more_cases = {};
};

/// Cases that are soon done: a fault must not show in these, but where it is expected.
const std::vector<std::string> kQuick = {"identity",    "exports",   "unique-symbols", "load",         "load-clean",
                                         "schema",      "create",    "config-unknown", "config-types", "config-missing",
                                         "stop",        "replicate", "start-again",    "restore",      "points",
                                         "generations", "hands-off", "secrets"};

const std::vector<std::string> kStore = {
    "create",        "store-objects",      "store-unknown-size", "store-replace",        "store-atomic",
    "store-put-new", "store-put-new-race", "store-failed-body",  "store-cancelled-body", "store-ranges",
    "store-missing", "store-prefix",       "store-list-many",    "store-remove-many",    "store-odd-keys",
    "store-at-once", "store-killed"};

std::string plugin(const std::string& type) { return std::string(LSHOST_TEST_PLUGINS_DIR) + "/lshost-" + type + ".so"; }

std::vector<std::string> choose(const std::vector<std::string>& cases, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments;
  for (const auto* all : {&cases, &more}) {
    for (const auto& name : *all) arguments.insert(arguments.end(), {"--case", name});
  }
  return arguments;
}

void check_broken(const std::string& type, const std::vector<std::string>& cases, const Broken& broken) {
  CAPTURE(type, broken.fault);
  auto arguments = choose(cases, broken.more_cases);
  if (!broken.fault.empty()) arguments.insert(arguments.end(), {"--set", "fault=" + broken.fault});
  if (type == "broken-store") arguments.insert(arguments.end(), {"--seed", "1"});
  const auto result = check_plugin(plugin(type), arguments);
  INFO(result.reasons << "\n" << result.printed);
  CHECK(result.failed == broken.failed);
  CHECK_THAT(result.reasons, Catch::Contains(broken.reason));
  CHECK(result.exit_code == 1);
}

}  // namespace

TEST_CASE("plugin check: the plugin that others are broken copies of passes", "[check]") {
  const auto result = check_plugin(plugin("broken"));
  INFO(result.reasons << result.printed);
  CHECK(result.exit_code == 0);
  CHECK(result.passed.size() == 27);
}

TEST_CASE("plugin check: what happens when a library is loaded is found", "[check]") {
  const Broken all[] = {{"exports", {"exports"}, "broken_helper"},
                        {"unique", {"exports", "unique-symbols"}, "broken_counter"},
                        {"thread", {"load-clean"}, "a new thread"},
                        {"opens", {"load-clean"}, "/dev/null"},
                        {"throws", {"load"}, "SIGABRT"},
                        {"exits", {"load"}, "exited with code 7"}};
  for (const Broken& broken : all) check_broken("broken-" + broken.fault, kQuick, {"", broken.failed, broken.reason});
}

TEST_CASE("plugin check: mistakes in create and in the configuration are found", "[check]") {
  check_broken("broken", kQuick, {"crashes-in-create", {"create"}, "SIGABRT"});
  check_broken("broken", kQuick, {"opens-in-create", {"create"}, "is open"});
  check_broken("broken", kQuick, {"accepts-any-key", {"config-unknown"}, "lshost-check-unknown"});
  check_broken("broken", kQuick, {"ignores-types", {"config-types"}, "'count' is not an integer"});
  check_broken("broken", kQuick, {"no-path-needed", {"config-missing"}, "without 'path'"});
}

TEST_CASE("plugin check: a replicator that does not stop, blocks, leaks or ends the process is found", "[check]") {
  check_broken("broken", kQuick, {"stop-hangs", {"stop"}, "Stop did not return"});
  check_broken("broken", kQuick, {"calls-exit", {"stop"}, "exited with code 3"});
  check_broken("broken", kQuick, {"snapshotting-blocks", {"snapshotting"}, "blocked, too", {"snapshotting"}});
  check_broken("broken", kQuick, {"leaks-memory", {"leaks"}, "the heap grew by", {"leaks"}});
  check_broken("broken", kQuick, {"leaks-descriptors", {"leaks"}, "descriptors are open", {"leaks"}});
}

TEST_CASE("plugin check: a replicator that loses something is found", "[check]") {
  check_broken("broken", kQuick, {"drops-last-frame", {"restore"}, "too early"});
  check_broken("broken", kQuick, {"forgets-generations", {"generations"}, "restoring"});
  check_broken("broken", kQuick, {"reports-early", {"promise"}, "that state is not there", {"promise", "kill"}});
  check_broken("broken", kQuick, {"writes-in-place", {"kill"}, "that state is not there", {"promise", "kill"}});
}

TEST_CASE("plugin check: a replicator that mistakes a failure of the host is found", "[check]") {
  check_broken("broken", kQuick, {"never-retries", {"faults"}, "it gave up", {"faults"}});
  check_broken("broken", kQuick, {"keeps-half-a-stream", {"faults"}, "then", {"faults"}});
}

TEST_CASE("plugin check: a replicator that does more than it may is found", "[check]") {
  check_broken("broken", kQuick, {"opens-the-database", {"hands-off"}, "app.db-wal"});
  check_broken("broken", kQuick, {"logs-the-secret", {"secrets"}, "logging in token=***"});
  check_broken("broken", kQuick, {"removes-nothing", {"retention"}, "still lists", {"retention"}});
  check_broken("broken", kQuick, {"probe-leaves-things", {"health"}, "after probe", {"health"}});
}

TEST_CASE("plugin check: what a store does wrong is found", "[check]") {
  check_broken("broken-store", kStore,
               {"put-new-replaces", {"store-put-new", "store-put-new-race"}, "LSHOST_E_EXISTS"});
  check_broken("broken-store", kStore, {"range-one-too-long", {"store-ranges"}, "are not those"});
  check_broken("broken-store", kStore, {"lists-one-page", {"store-list-many"}, "has 1000 keys where there are 2103"});
  check_broken("broken-store", kStore,
               {"put-writes-in-place",
                {"store-atomic", "store-failed-body", "store-cancelled-body", "store-killed"},
                "there is an object of"});
}
