#include "base/unique_fd.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>

using namespace lshost;

namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("UniqueFd: closes exactly once, and moves without closing", "[base]") {
  const int fd = open_null();
  {
    UniqueFd first(fd);
    UniqueFd second(std::move(first));
    CHECK(second.get() == fd);
    CHECK(is_open(fd));
    UniqueFd third(open_null());
    const int replaced = third.get();
    third = std::move(second);
    CHECK(third.get() == fd);
    CHECK_FALSE(is_open(replaced));
  }
  CHECK_FALSE(is_open(fd));
}

TEST_CASE("UniqueFd: what is released is somebody else's", "[base]") {
  const int fd = open_null();
  {
    CHECK(UniqueFd(fd).release() == fd);
  }
  CHECK(is_open(fd));
  UniqueFd owner(fd);
  owner.reset();
  CHECK_FALSE(owner);
  CHECK_FALSE(is_open(fd));
}
