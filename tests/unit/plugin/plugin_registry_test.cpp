// Goal: a plugin that is whole is found, loaded and made; one that is not is refused with a sentence that says which
// file, why, and what to do.
// Method: real shared objects, each wrong in one way (tests/plugins), and copies of good ones that are spoiled.

#include "plugin/plugin_registry.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "unit/plugin/test_plugins.hpp"

using namespace lshost;
using namespace lshost::test;
using Catch::Contains;
using plugin::PluginRegistry;

namespace {

std::string refusal_of(const std::string& type) {
  const Error error = error_of([&] { (void)PluginRegistry({kPluginFolder}).load(type); });
  CHECK(error.code() == ErrorCode::unsupported);
  CHECK_THAT(error.what(), Contains(plugin_file_name(type) + ":"));
  return error.what();
}

}  // namespace

TEST_CASE("plugins: a good one is loaded, tells its schema, and makes a replicator", "[plugin]") {
  const PluginRegistry registry({kPluginFolder});
  const auto type = registry.load("scripted");
  CHECK(type.summary == "does what a test says");
  CHECK(type.library->identity.name == "lshost-scripted");
  CHECK(type.library->identity.version == "1.0.0");

  const auto keys = registry.schema_of("scripted");
  REQUIRE(keys);
  REQUIRE(keys->size() == 9);
  CHECK(keys->front().key == "work");
  CHECK(keys->front().choices.size() == 8);
  CHECK((*keys)[4].type == config::KeyType::integer);
  CHECK((*keys)[4].default_value == "1");
  CHECK((*keys)[7].list);
  CHECK(keys->back().secret);

  const auto replicator = registry.create(setup_of("scripted"));
  CHECK(replicator->name() == "one");
  CHECK(replicator->type() == "scripted");
  CHECK(replicator->can_restore());
  CHECK(replicator->can_remove());
}

TEST_CASE("plugins: one in plain C is loaded and makes a replicator", "[plugin]") {
  const PluginRegistry registry({kPluginFolder});
  CHECK(registry.schema_of("plain-c") == std::nullopt);
  const auto replicator = registry.create(setup_of("plain-c"));
  CHECK(replicator->name() == "one");
  CHECK(replicator->type() == "plain-c");
  CHECK_FALSE(replicator->can_restore());
  CHECK_THROWS_WITH(replicator->probe(std::chrono::seconds(1)),
                    "replica one: this plugin can not test its destination");
}

TEST_CASE("plugins: each of two libraries is the one that was asked for", "[plugin]") {
  // The loader knows a library by the name it was opened with; ours are names of descriptors.
  const PluginRegistry registry({kPluginFolder});
  CHECK(registry.load("scripted").table.type == std::string("scripted"));
  CHECK(registry.load("chatty").table.type == std::string("chatty"));
  CHECK(registry.load("plain-c").table.type == std::string("plain-c"));
  CHECK(registry.load("scripted").self == registry.load("scripted").self);
}

TEST_CASE("plugins: what is wrong with one is said, with its file", "[plugin]") {
  CHECK_THAT(refusal_of("no-meta"), Contains("no lshost plugin: it has no section lshost_meta"));
  CHECK_THAT(refusal_of("other-magic"), Contains("holds something else"));
  CHECK_THAT(refusal_of("abi-2"), Contains("made for plugin ABI 2, this lshost has ABI 1; hint: install"));
  CHECK_THAT(refusal_of("no-entry"), Contains("it has no function lshost_plugin_v1"));
  CHECK_THAT(refusal_of("null-entry"), Contains("it refuses this host: the moon is in the wrong phase"));
  CHECK_THAT(refusal_of("silent-entry"), Contains("it refuses this host: it gave no reason"));
  CHECK_THAT(refusal_of("needs-newer"),
             Contains("needs a host with plugin ABI 1.7, this lshost has 1.0; hint: update"));
  CHECK_THAT(refusal_of("other-type"), Contains("it has no type 'other-type' (it has: something-else)"));
  CHECK_THAT(refusal_of("liar"), Contains("it has no type 'liar' (it has: another)"));
  CHECK_THAT(refusal_of("no-create"), Contains("it has no function create"));
  CHECK_THAT(refusal_of("undefined"), Contains("undefined symbol: lshost_test_function_that_nobody_has"));
  CHECK_THAT(refusal_of("undefined"), !Contains("/proc/self/fd"));
}

TEST_CASE("plugins: a refused one is refused again in the same words", "[plugin]") {
  CHECK(refusal_of("null-entry") == refusal_of("null-entry"));
  CHECK(refusal_of("undefined") == refusal_of("undefined"));
}

TEST_CASE("plugins: a replicator without its functions is refused", "[plugin]") {
  const PluginRegistry registry({kPluginFolder});
  CHECK_THROWS_WITH(registry.create(setup_of("half")), Contains("lshost-half.so: its replicator lacks a function"));
}

TEST_CASE("plugins: a schema with a type that nobody knows is refused", "[plugin]") {
  CHECK_THROWS_WITH(PluginRegistry({kPluginFolder}).schema_of("bad-schema"), Contains("unknown type 99"));
}

TEST_CASE("plugins: structs of an older minor version are read as far as they go", "[plugin][abi]") {
  const PluginRegistry registry({kPluginFolder});
  CHECK(registry.schema_of("short-structs") == std::nullopt);  // what lies behind the struct is not called
  const auto replicator = registry.create(setup_of("short-structs"));
  const auto items = replicator->list(replica::ItemKind::snapshot, "");
  REQUIRE(items.size() == 1);
  CHECK(items[0].size_bytes == 4096);
  CHECK(items[0].created_ns == 0);
  CHECK(items[0].updated_ns == 0);
  CHECK_FALSE(items[0].index_complete);
  CHECK(replicator->commit_times(items[0]).empty());
  CHECK_THROWS_WITH(replicator->open(items[0]), "replica one: the plugin gave no reason (result -4)");
}

TEST_CASE("plugins: structs of a newer minor version are read as far as we know them", "[plugin][abi]") {
  const auto replicator = PluginRegistry({kPluginFolder}).create(setup_of("long-structs"));
  replicator->start();
  replicator->stop(std::chrono::seconds(10));
  const auto items = replicator->list(replica::ItemKind::wal, "");
  REQUIRE(items.size() == 1);
  CHECK(items[0].size_bytes == 4096);
  CHECK(items[0].created_ns == 11);
  CHECK(items[0].updated_ns == 12);
  CHECK(items[0].index_complete);
}

TEST_CASE("plugins: the host's engine makes a whole replica of a store", "[plugin]") {
  const auto replicator = PluginRegistry({kPluginFolder}).create(setup_of("blobs"));
  CHECK(replicator->type() == "blobs");
  CHECK(replicator->can_restore());
  CHECK(replicator->can_remove());
  CHECK(replicator->list(replica::ItemKind::generation, "").empty());
  replicator->probe(std::chrono::seconds(10));
}

TEST_CASE("plugins: looking for all of them runs no code of any", "[plugin]") {
  TempDir folder;
  copy_plugin(folder, "chatty", "chatty");
  REQUIRE(::unsetenv("LSHOST_TEST_CHATTY_RAN") == 0);
  const auto found = PluginRegistry({folder.path()}).find_all();
  const auto chatty = std::find_if(found.begin(), found.end(), [](const auto& one) { return one.type == "chatty"; });
  REQUIRE(chatty != found.end());
  CHECK(chatty->identity);
  CHECK(std::getenv("LSHOST_TEST_CHATTY_RAN") == nullptr);

  (void)PluginRegistry({folder.path()}).load("chatty");
  CHECK(std::getenv("LSHOST_TEST_CHATTY_RAN") != nullptr);
}

TEST_CASE("plugins: a type that nobody has is answered with those that there are", "[plugin]") {
  TempDir folder;
  copy_plugin(folder, "scripted", "scripted");
  write_whole_file(folder / "lshost-broken.so", "no library");
  const PluginRegistry registry({folder.path()});
  const Error error = error_of([&] { (void)registry.load("scriptet"); });
  CHECK(error.code() == ErrorCode::invalid);
  CHECK_THAT(error.what(), Contains("there is no plugin for type 'scriptet', did you mean 'scripted'?"));
  CHECK_THAT(error.what(), Contains(folder.path()));
  CHECK_THAT(error.what(), !Contains("broken"));
  CHECK_THROWS_WITH(registry.load("../../etc/x"), Contains("can not be a type"));
  CHECK(registry.find("../../etc/x") == std::nullopt);
}

TEST_CASE("plugins: a file under another name than its type is listed as refused", "[plugin]") {
  const auto found = PluginRegistry({kPluginFolder}).find("other-type");
  REQUIRE(found);
  CHECK_FALSE(found->identity);
  CHECK_THAT(found->refusal, Contains("refused: it has no type 'other-type' (it has: something-else)"));
}

// What a new build of a plugin differs in: its version and its build id.
std::string next_version(std::string bytes) {
  const auto version = bytes.find("1.2.3");
  REQUIRE(version != std::string::npos);
  for (auto at = version; at != std::string::npos; at = bytes.find("1.2.3", at)) bytes[at + 4] = '4';
  const auto note = bytes.find("GNU", bytes.find(std::string("\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU", 15)));
  REQUIRE(note != std::string::npos);  // of a linker that gives build ids
  bytes[note + 4] = static_cast<char>(bytes[note + 4] ^ 1);
  return bytes;
}

void replace_by_rename(const TempDir& folder, const std::string& path, const std::string& bytes) {
  write_whole_file(folder / "new", bytes);
  std::filesystem::rename(folder / "new", path);
}

TEST_CASE("plugins: a file that was replaced after it was loaded is told of, and what is loaded goes on",
          "[plugin][reload]") {
  TempDir folder;
  const std::string path = copy_plugin(folder, "plain-c", "plain-c");
  const std::string bytes = read_whole_file(path);
  const PluginRegistry registry({folder.path()});
  CHECK(registry.info("plain-c").value().version == "1.2.3");  // of the file
  (void)registry.load("plain-c");
  (void)registry.load("plain-c");
  CHECK(registry.changes().empty());

  SECTION("by another version") {
    replace_by_rename(folder, path, next_version(bytes));
    const auto changes = registry.changes();
    REQUIRE(changes.size() == 1);
    CHECK(sentence(changes[0]) == "type 'plain-c': " + path +
                                      " is lshost-plain-c 1.2.4 now, lshost-plain-c 1.2.3 is "
                                      "loaded; hint: restart lshost to use the new one");
    CHECK(registry.load("plain-c").library->identity.version == "1.2.3");
    CHECK(registry.info("plain-c").value().version == "1.2.3");
    // So it is for the registry of a changed configuration; one that knows of nothing refuses.
    const PluginRegistry next({folder.path()}, registry);
    CHECK(next.load("plain-c").library->identity.version == "1.2.3");
    CHECK(next.changes().size() == 1);
    CHECK_THROWS_WITH(PluginRegistry({folder.path()}).load("plain-c"),
                      Contains("the file was replaced after lshost-plain-c 1.2.3 was loaded from it; hint: restart"));
  }
  SECTION("by the same build: nothing has changed") {
    replace_by_rename(folder, path, bytes);
    CHECK(registry.changes().empty());
    CHECK_NOTHROW(PluginRegistry({folder.path()}).load("plain-c"));
    std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(2));
    CHECK(registry.changes().empty());
  }
  SECTION("by what can not be used") {
    replace_by_rename(folder, path, "no plugin");
    REQUIRE(registry.changes().size() == 1);
    CHECK_THAT(sentence(registry.changes()[0]),
               Contains("would not be there after a restart") && Contains("it is no shared library"));
  }
  SECTION("by nothing") {
    std::filesystem::remove(path);
    REQUIRE(registry.changes().size() == 1);
    CHECK_THAT(sentence(registry.changes()[0]), Contains("the file is gone"));
  }
  SECTION("by one in an earlier folder") {
    TempDir earlier;
    write_whole_file(earlier / plugin_file_name("plain-c"), next_version(bytes));
    const PluginRegistry next({earlier.path(), folder.path()}, registry);
    REQUIRE(next.changes().size() == 1);
    CHECK(next.changes()[0].found.path == earlier / plugin_file_name("plain-c"));
    CHECK(next.load("plain-c").library->path == path);
  }
}

TEST_CASE("plugins: one that appears in a folder is found by the next look", "[plugin][reload]") {
  TempDir folder;
  const PluginRegistry registry({folder.path()});
  CHECK_THROWS_WITH(registry.load("plain-c"), Contains("there is no plugin for type 'plain-c'"));
  (void)copy_plugin(folder, "plain-c", "plain-c");
  CHECK(registry.load("plain-c").library->identity.version == "1.2.3");
}

TEST_CASE("plugins: a mistake in the configuration comes with its place", "[plugin][config]") {
  const PluginRegistry registry({kPluginFolder});
  SECTION("wrong type") {
    const Error error =
        error_of([&] { (void)registry.create(setup_of("scripted", {entry("work", std::int64_t{1})})); });
    CHECK(error.code() == ErrorCode::invalid);
    CHECK(error.what() == std::string("replicas.toml:9:12: the value of 'work' must be a string in quotes"));
  }
  SECTION("unknown key") {
    CHECK_THROWS_WITH(registry.create(setup_of("scripted", {entry("wrok", "idle")})),
                      "replicas.toml:9:5: unknown key 'wrok', did you mean 'work'?");
  }
  SECTION("what only the plugin knows") {
    CHECK_THROWS_WITH(registry.create(setup_of("scripted", {entry("throw-in", "constructor")})),
                      "replicas.toml:7:3: replica one (scripted): the destination said no");
  }
}
