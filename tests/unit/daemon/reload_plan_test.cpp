// Goal: a reload touches what has changed and nothing else.
// Method: configurations as text, each with one difference, and what is to be done for it.

#include "daemon/reload_plan.hpp"

#include <catch2/catch.hpp>

#include "unit/config/mistakes.hpp"

using namespace lshost;
using daemon::plan_reload;
using daemon::ReloadPlan;

namespace {

config::Config config_of(const std::string& text) {
  INFO(text);
  auto loaded = config::load_text(text, "replicas.toml", "/etc/lshost");
  INFO(config::format_mistakes(loaded));
  REQUIRE(loaded.mistakes.empty());
  return loaded.config;
}

std::string database(const std::string& path, const std::string& more, const std::string& replicas) {
  return "[[database]]\npath = '" + path + "'\n" + more + replicas;
}

std::string replica(const std::string& name, const std::string& more = "path = '/r'\n") {
  return "[[database.replica]]\ntype = 'file'\nname = '" + name + "'\n" + more;
}

/// "-db:/a +replica:/a:one ..." in the order of the plan.
std::string text_of(const ReloadPlan& plan) {
  std::string text;
  const auto add = [&](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  for (const auto& path : plan.remove_databases) add("-db:" + path);
  for (const auto& config : plan.restart_databases) add("~db:" + config.path);
  for (const auto& config : plan.add_databases) add("+db:" + config.path);
  for (const auto& change : plan.remove_replicas) add("-replica:" + change.database + ":" + change.config.name);
  for (const auto& change : plan.restart_replicas) add("~replica:" + change.database + ":" + change.config.name);
  for (const auto& change : plan.add_replicas) add("+replica:" + change.database + ":" + change.config.name);
  for (const auto& key : plan.settings) add("setting:" + key);
  for (const auto& key : plan.needs_restart) add("restart:" + key);
  CHECK(plan.is_empty() == text.empty());
  return text;
}

std::string plan_of(const std::string& before, const std::string& after) {
  return text_of(plan_reload(config_of(before), config_of(after)));
}

}  // namespace

TEST_CASE("reload plan: what stands elsewhere or in another order has not changed", "[daemon][reload]") {
  const std::string two = replica("one", "path = '/r'\nlist = ['a', 'b']\nnumber = 5\nflag = true\n") + replica("two");
  const std::string same =
      "# moved\n\n" + database("/b", "", replica("x")) +
      database("/a", "", replica("two") + replica("one", "flag = true\nnumber=5\nlist=['a','b']\npath='/r'\n"));
  CHECK(plan_of(database("/a", "", two) + database("/b", "", replica("x")), same).empty());
}

TEST_CASE("reload plan: each difference has its own effect and no other", "[daemon][reload]") {
  const std::string b = database("/b", "", replica("x"));
  const auto with_a = [&](const std::string& more, const std::string& replicas) {
    return plan_of(database("/a", "", replica("one") + replica("two")) + b, database("/a", more, replicas) + b);
  };
  const std::string both = replica("one") + replica("two");
  CHECK(with_a("", both).empty());
  CHECK(with_a("", replica("one")) == "-replica:/a:two");
  CHECK(with_a("", both + replica("three")) == "+replica:/a:three");
  CHECK(with_a("", replica("one") + replica("2")) == "-replica:/a:two +replica:/a:2");
  for (const std::string more : {"path = '/other'\n", "path = '/r'\nkey = 1\n", "path = '/r'\nretention = '1h'\n",
                                 "path = '/r'\nsnapshot-interval = '1h'\n", "path = '/r'\nverify-interval = '1h'\n",
                                 "path = ['/r']\n", "path = 5\n", "path = '/r'\nisolation = 'process'\n",
                                 "path = '/r'\nisolation = 'process'\nisolation-memory-limit = '1GiB'\n", ""}) {
    CAPTURE(more);
    CHECK(with_a("", replica("one") + replica("two", more)) == "~replica:/a:two");
  }
  CHECK(with_a("", replica("one") + "[[database.replica]]\ntype = 's3'\nname = 'two'\npath = '/r'\n") ==
        "~replica:/a:two");
  for (const std::string more :
       {"meta-path = '/m'\n", "verify-path = '/m'\n", "checkpoint-interval = '2m'\n", "min-checkpoint-pages = 5\n",
        "shadow-wal-limit = '1GiB'\n", "exclusive-checkpoints = false\n"}) {
    CAPTURE(more);
    CHECK(with_a(more, replica("one")) == "~db:/a");  // with its replicas: they are not named again
  }
}

TEST_CASE("reload plan: values are told apart by type and by every element", "[daemon][reload]") {
  const auto with = [](const std::string& value) {
    return database("/a", "", replica("one", "key = " + value + "\n"));
  };
  const std::vector<std::string> values{"1",  "2",   "1.0",    "'1'",    "true", "false",
                                        "[]", "[1]", "[1, 2]", "[2, 1]", "['1']"};
  for (const auto& before : values) {
    for (const auto& after : values) {
      CAPTURE(before, after);
      CHECK(plan_of(with(before), with(after)) == (before == after ? "" : "~replica:/a:one"));
    }
  }
}

TEST_CASE("reload plan: databases come and go by their paths", "[daemon][reload]") {
  const std::string a = database("/a", "", replica("one"));
  const std::string b = database("/b", "", replica("one"));
  const std::string c = database("/c", "", replica("one"));
  CHECK(plan_of(a + b, b + c) == "-db:/a +db:/c");
  CHECK(plan_of(a, a + b + c) == "+db:/b +db:/c");
}

TEST_CASE("reload plan: settings hold at once or after a restart", "[daemon][reload]") {
  const std::string a = database("/a", "", replica("one"));
  CHECK(plan_of(a, "plugin-path = '/p'\nshutdown-timeout = '1s'\n[log]\nlevel = 'debug'\nformat = 'json'\n" + a) ==
        "setting:plugin-path setting:shutdown-timeout setting:log.level setting:log.format");
  CHECK(plan_of(a, "[control]\nsocket = '/s'\n" + a) == "restart:control.socket");
  CHECK(plan_of("[control]\nsocket = '/s'\n" + a, "[control]\nsocket = ''\n" + a) == "restart:control.socket");
}
