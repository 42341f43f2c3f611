#include "os/watch_table.hpp"

#include <sys/inotify.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "base/unique_fd.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;
using os::Subscriber;
using os::SubscriberPtr;

namespace {

SubscriberPtr subscriber_for(const std::string& directory, const std::string& name) {
  return std::make_shared<Subscriber>([] {}, directory, name);
}

std::set<const Subscriber*> due_after(os::WatchTable& table, const os::WatchEvent& event) {
  os::Subscribers due;
  table.on_event(event, due);
  std::set<const Subscriber*> set;
  for (const auto& subscriber : due) {
    subscriber->is_due = false;
    set.insert(subscriber.get());
  }
  REQUIRE(set.size() == due.size());  // nobody twice
  return set;
}

}  // namespace

// Goal: an event reaches exactly those whose name it starts with.
// Method: random names of two letters, so that many are prefixes of others, compared with asking each of them.
TEST_CASE("WatchTable: an event reaches those whose name is a prefix of its own", "[os]") {
  const test::TempDir dir;
  const UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  std::mt19937 random(GENERATE(1U, 2U, 3U));
  const auto random_name = [&](std::size_t size_max) {
    std::string name(random() % (size_max + 1), 'a');
    for (auto& c : name) c = random() % 2 == 0 ? 'a' : 'b';
    return name;
  };
  os::WatchTable table(inotify.get());
  std::vector<SubscriberPtr> subscribers;
  for (int i = 0; i < 40; ++i) {
    subscribers.push_back(subscriber_for(dir.path(), random_name(5)));
    table.add_name(subscribers.back());
  }
  CHECK(table.size() == 1);  // they share one kernel watch

  while (!subscribers.empty()) {
    for (int i = 0; i < 50; ++i) {
      const auto name = random_name(7);
      if (name.empty()) continue;
      std::set<const Subscriber*> expected;
      for (const auto& subscriber : subscribers) {
        if (name.starts_with(subscriber->name)) expected.insert(subscriber.get());
      }
      CAPTURE(name, subscribers.size());
      REQUIRE(due_after(table, {.watch = subscribers[0]->directory_watch, .mask = IN_DELETE, .name = name}) ==
              expected);
    }
    table.forget(subscribers.back());
    subscribers.pop_back();
  }
  CHECK(table.empty());
}

TEST_CASE("WatchTable: an overflow and an unknown watch reach everybody and nobody", "[os]") {
  const test::TempDir dir;
  const UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  os::WatchTable table(inotify.get());
  const auto name = subscriber_for(dir.path(), "app.db");
  const auto file = subscriber_for("", "");
  table.add_name(name);
  table.add_file(file, "/proc/self/exe");

  CHECK(due_after(table, {.watch = -1, .mask = IN_Q_OVERFLOW, .name = {}}) ==
        std::set<const Subscriber*>{name.get(), file.get()});
  CHECK(due_after(table, {.watch = 4711, .mask = IN_MODIFY, .name = {}}).empty());
  table.forget(name);
  table.forget(file);
  CHECK(table.empty());
}

TEST_CASE("WatchTable: a watch that the kernel dropped wakes and is forgotten", "[os]") {
  const test::TempDir dir;
  const UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  os::WatchTable table(inotify.get());
  const auto name = subscriber_for(dir.path(), "app.db");
  table.add_name(name);
  CHECK(due_after(table, {.watch = name->directory_watch, .mask = IN_IGNORED, .name = {}}).size() == 1);
  CHECK(name->directory_watch == -1);
  CHECK(table.empty());
  CHECK_NOTHROW(table.forget(name));
}
