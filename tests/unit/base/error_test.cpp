#include "base/error.hpp"

#include <signal.h>

#include <catch2/catch.hpp>

#include "base/assert.hpp"
#include "support/child.hpp"

using namespace lshost;

namespace {

Error errno_error(int err) {
  try {
    throw_errno("shadow.append", "/d/app.db", err);
  } catch (const Error& e) {
    return e;
  }
}

}  // namespace

TEST_CASE("throw_errno: the code says what to do, the sentence what happened", "[base]") {
  struct Row {
    int err;
    ErrorCode code;
  };
  for (const auto [err, code] :
       {Row{ENOSPC, ErrorCode::no_space},   Row{EDQUOT, ErrorCode::no_space},   Row{EFBIG, ErrorCode::no_space},
        Row{EACCES, ErrorCode::denied},     Row{EPERM, ErrorCode::denied},      Row{EROFS, ErrorCode::denied},
        Row{ENOENT, ErrorCode::not_found},  Row{ENOTDIR, ErrorCode::not_found}, Row{EINVAL, ErrorCode::invalid},
        Row{EISDIR, ErrorCode::invalid},    Row{ELOOP, ErrorCode::invalid},     Row{EEXIST, ErrorCode::invalid},
        Row{ENOTEMPTY, ErrorCode::invalid}, Row{EIO, ErrorCode::transient},     Row{EMFILE, ErrorCode::transient},
        Row{ENOMEM, ErrorCode::transient},  Row{EBUSY, ErrorCode::transient},   Row{EOPNOTSUPP, ErrorCode::unsupported},
        Row{ENXIO, ErrorCode::invalid},     Row{ENODEV, ErrorCode::invalid},    Row{EBADF, ErrorCode::internal}}) {
    CAPTURE(err);
    CHECK(errno_error(err).code() == code);
  }
  CHECK(errno_error(ENOSPC).what() == std::string("shadow.append /d/app.db: No space left on device"));
}

TEST_CASE("throw_errno: reads errno where no value is given", "[base]") {
  errno = EACCES;
  CHECK_THROWS_WITH(throw_errno("open", "x"), "open x: Permission denied");
}

TEST_CASE("with_context: puts the outermost first, keeps the code, and hands values through", "[base]") {
  try {
    with_context("restore app.db",
                 [] { with_context("frame 17", [] { throw Error(ErrorCode::corrupt, "checksum mismatch"); }); });
    FAIL("nothing was thrown");
  } catch (const Error& e) {
    CHECK(e.code() == ErrorCode::corrupt);
    CHECK(e.what() == std::string("restore app.db: frame 17: checksum mismatch"));
  }
  int value = 1;
  with_context("x", [&]() -> int& { return value; }) = 2;
  CHECK(value == 2);
  CHECK_THROWS_AS(with_context("x", [] { throw std::bad_alloc(); }), std::bad_alloc);
}

TEST_CASE("ErrorCode: every code has its own name", "[base]") {
  CHECK(to_string(ErrorCode::no_space) == "no_space");
  CHECK(to_string(ErrorCode::internal) == "internal");
  CHECK(to_string(ErrorCode::cancelled) != to_string(ErrorCode::gone));
}

TEST_CASE("child: a false belief", "[.child]") {
  if (test::is_child()) LSHOST_ASSERT(1 + 1 == 3);
}

TEST_CASE("LSHOST_ASSERT: a false belief ends the process and says which and where", "[base]") {
  test::Process child(test::child("child: a false belief"));
  CHECK(child.wait().value().code != 0);
  CHECK_THAT(child.err(), Catch::Contains("error_test.cpp:") && Catch::Contains("1 + 1 == 3"));
}
