// Destinations that are not there, are full, or vanish: the application goes on, and the replica catches up by itself.

#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "support/world.hpp"

using namespace lshost::test;
namespace fs = std::filesystem;

namespace {

/// A file system of its own with `size` bytes; gone with the object.
class SmallDisk {
 public:
  SmallDisk(std::string path, const std::string& size) : path_(std::move(path)) {
    fs::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) (void)::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  [[nodiscard]] bool mounted() const { return mounted_; }
  void resize(const std::string& size) const {
    REQUIRE(::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT, ("size=" + size).c_str()) == 0);
  }

 private:
  std::string path_;
  bool mounted_ = false;
};

void finish_and_compare(const World& world, Host& host, Writer& writer) {
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}

}  // namespace

TEST_CASE("e2e: a replica folder that is removed is built again", "[e2e][destination]") {
  const World world;
  Writer writer(world.db(), {"pause_us=1000"});
  Host host(world.config());
  wait_until_replicated(world.replica(), 1);
  fs::remove_all(world.replica());
  writer.wait_for_commits(50);
  wait_until_replicated(world.replica(), writer.last());
  finish_and_compare(world, host, writer);
}

TEST_CASE("e2e: a replica folder that is a file is named, and used when it is a folder", "[e2e][destination]") {
  const World world;
  write_text(world.replica(), "not a folder");
  Writer writer(world.db(), {"pause_us=1000"});
  Host host(world.config());
  wait_for("a word about it", [&] { return host.log().find(world.replica()) != std::string::npos; });
  writer.wait_for_commits(50);
  fs::remove(world.replica());
  wait_until_replicated(world.replica(), writer.last());
  finish_and_compare(world, host, writer);
}

TEST_CASE("e2e: a replica whose parent is missing for a while catches up", "[e2e][destination]") {
  const World world;
  write_text(world / "mount", "a disk that is not mounted yet");
  const auto replica = world / "mount/replica";
  world.configure({{.path = world.db(),
                    .replicas = {{.path = replica, .name = "away"}, {.path = world.replica(), .name = "here"}}}});
  Writer writer(world.db(), {"pause_us=1000"});
  Host host(world.config());
  wait_until_replicated(world.replica(), 1);  // the other one is not held up
  writer.wait_for_commits(100);
  fs::remove(world / "mount");
  fs::create_directory(world / "mount");
  wait_until_replicated(replica, writer.last());
  finish_and_compare(world, host, writer);
  CHECK(difference_after_restore(world.db(), replica).value_or("") == "");
}

TEST_CASE("e2e: a full destination loses nothing and recovers when there is room", "[e2e][destination]") {
  const World world;
  const SmallDisk disk(world.replica(), "2m");
  if (!disk.mounted()) {
    WARN("needs the right to mount a tmpfs");
    return;
  }
  Writer writer(world.db(), {"payload=8000", "pause_us=1000"});
  Host host(world.config());
  wait_for("a word about it", [&] { return host.log().find("No space left") != std::string::npos; });
  writer.wait_for_commits(100);
  disk.resize("512m");
  wait_until_replicated(world.replica(), writer.last());
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
  CHECK(generations_of(world.replica()).size() == 1);
}

TEST_CASE("e2e: a full local disk stops neither the application nor, later, the replica", "[e2e][destination]") {
  const World world;
  const SmallDisk disk(world / "meta", "1m");
  if (!disk.mounted()) {
    WARN("needs the right to mount a tmpfs");
    return;
  }
  world.configure({{.path = world.db(),
                    .replicas = {{.path = world.replica() + "/unreachable"}},
                    .more = "meta-path = \"" + (world / "meta") + "/app\"\n"}});
  write_text(world.replica(), "a file where the folder will be");
  Writer writer(world.db(), {"payload=8000", "pause_us=1000"});
  Host host(world.config());
  wait_for("a word about it", [&] { return host.log().find("No space left") != std::string::npos; });
  writer.wait_for_commits(200);
  fs::remove(world.replica());
  disk.resize("512m");
  wait_until_replicated(world.replica() + "/unreachable", writer.last());
  writer.stop();
  CHECK(host.terminate() == 0);
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica() + "/unreachable").value_or("") == "");
}

TEST_CASE("e2e: a plugin that never gets anything away holds up neither the application nor the other replica",
          "[e2e][destination]") {
  const World world;
  world.configure(
      {{.path = world.db(),
        .replicas = {{.path = "", .name = "stuck", .type = "stuck"}, {.path = world.replica(), .name = "good"}}}},
      "plugin-path = [\"" LSHOST_TEST_PLUGINS_DIR "\"]\nshutdown-timeout = \"1s\"\n");
  Writer writer(world.db());
  Host host(world.config());
  writer.wait_for_commits(500);
  wait_until_replicated(world.replica(), writer.last());
  writer.stop();
  CHECK(host.terminate() == 1);  // one replica did not get everything
  INFO(host.log());
  CHECK(difference_after_restore(world.db(), world.replica()).value_or("") == "");
}
