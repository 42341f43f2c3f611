// Goal: how long the engine rests after a failure follows from what the failure says. Pure.

#include <catch2/catch.hpp>

#include "engine/reporter.hpp"

using namespace lshost::engine;
using std::chrono::milliseconds;

TEST_CASE("engine: rest grows from a tenth of a second to half a minute", "[engine]") {
  const auto away = lshost::v1::Error::Retryable("away");
  CHECK(class_of(away) == FailureClass::transient);
  CHECK(rest_after(away, 0, 0) == milliseconds(50));
  CHECK(rest_after(away, 0, 50) == milliseconds(100));
  CHECK(rest_after(away, 1, 0) == milliseconds(100));
  CHECK(rest_after(away, 1000, 0) == milliseconds(15'000));
  for (std::uint64_t random = 0; random < 1000; ++random)
    CHECK(rest_after(away, 20, random * 31) <= milliseconds(30'000));
}

TEST_CASE("engine: where a person has to act it looks again within a minute", "[engine]") {
  const lshost::v1::Error denied(LSHOST_E_DENIED, "denied", LSHOST_ERR_OPERATOR);
  const lshost::v1::Error full(LSHOST_E_NO_SPACE, "full", LSHOST_ERR_OPERATOR | LSHOST_ERR_RETRYABLE);
  const lshost::v1::Error senseless(LSHOST_E_INVALID, "senseless");
  for (const auto& failure : {denied, full, senseless}) {
    CHECK(class_of(failure) == FailureClass::person);
    CHECK(rest_after(failure, 0, 0) == milliseconds(500));
    CHECK(rest_after(failure, 30, 0) == milliseconds(30'000));
  }
  CHECK(class_of(std::bad_alloc()) == FailureClass::transient);
}

TEST_CASE("engine: a destination that asks for a rest gets it", "[engine]") {
  const lshost::v1::Error busy(LSHOST_E_UNAVAILABLE, "busy", LSHOST_ERR_RETRYABLE, milliseconds(120'000));
  CHECK(rest_after(busy, 0, 0) == milliseconds(120'000));
}
