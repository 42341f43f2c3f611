#include "os/bus_error.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/unique_fd.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

using namespace lshost;

TEST_CASE("child: reads a mapping whose file was cut", "[.child]") {
  if (!test::is_child()) return;
  os::exit_on_bus_error("the disk failed\n");
  const test::TempDir folder;
  const std::string path = folder / "mapped";
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::ftruncate(fd.get(), 4096) == 0);
  const void* mapping = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd.get(), 0);
  REQUIRE(mapping != MAP_FAILED);
  REQUIRE(::ftruncate(fd.get(), 0) == 0);
  (void)*static_cast<const volatile char*>(mapping);
}

TEST_CASE("exit_on_bus_error: what a disk can not read ends the process with a sentence, not with a core dump",
          "[os]") {
  test::Process child(test::child("child: reads a mapping whose file was cut"));
  const auto status = child.wait().value();
  CHECK(status.code == 1);
  CHECK(status.signal == 0);
  CHECK(child.err() == "the disk failed\n");
}
