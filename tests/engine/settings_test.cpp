// Goal: the engine's keys do what they say, and what can not be done as configured is not done at all.

#include <catch2/catch.hpp>

#include "engine/fixture.hpp"

using namespace lshost::test;
using lshost::ItemKind;
using Texts = std::vector<std::string>;

namespace {

// Made with age-keygen, for this test only.
const std::string kIdentity = "AGE-SECRET-KEY-19KPTEMG8GFL970GS0KCUMTEYJA083LX3CU0XNS8Q7DU08CCT0SDQ83EWDJ";
const std::string kOtherIdentity = "AGE-SECRET-KEY-1DEU84X302DAQX2VNLXJWY7JLY645007S6Z9KGDFNZJ6D0SCPP0SQQLV5D8";
const std::string kRecipient = "age14p8qjkeu2xej4xq5qcqn28hzrpxxdtd85t32y78lh5qulpz4velsmvyn6p";

/// Why a replica is not made.
std::string refusal(ConfigValues config) {
  Fixture f(std::move(config));
  try {
    f.replica.make();
  } catch (const lshost::v1::Error& e) {
    CHECK(e.Code() == LSHOST_E_CONFIG);
    CHECK(f.bucket->calls().empty());
    return e.what();
  }
  return "";
}

bool is_legible(const Bucket& bucket) {
  for (const auto& [key, object] : bucket.objects()) {
    if (object.bytes.find("CREATE TABLE") != std::string::npos || object.bytes.find("SQLite") != std::string::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("engine: values that make no sense are refused with a sentence, before any request", "[engine]") {
  CHECK(refusal({}).empty());
  CHECK_THAT(refusal({{"compression", std::string("gzip")}}), Catch::Contains("gzip"));
  CHECK_THAT(refusal({{"segment-size", std::int64_t{10}}}), Catch::Contains("64KiB"));
  CHECK_THAT(refusal({{"parallel-uploads", std::int64_t{0}}}), Catch::Contains("between 1 and 16"));
  CHECK_THAT(refusal({{"age-recipients", Texts{}}}), Catch::Contains("age-recipients is empty"));
  CHECK_THAT(refusal({{"age-recipients", Texts{kRecipient, "age1nonsense"}}}), Catch::Contains("age"));
  CHECK_THAT(refusal({{"age-identities", Texts{kIdentity}}}), Catch::Contains("age-recipients"));
  CHECK_THAT(refusal({{"age-recipients", Texts{kIdentity}}}), !Catch::Contains(kIdentity));
}

TEST_CASE("engine: every compression is restored from, also after a change", "[engine]") {
  auto bucket = std::make_shared<Bucket>();
  for (const auto* compression : {"zstd", "none", "lz4"}) {
    Fixture f({{"compression", std::string(compression)}});
    REQUIRE(f.replica.run_until_durable());
    f.next_index();
    REQUIRE(f.host.wait_until_durable(f.insert()));
    CHECK((f.replica.restore(f.generation()) == f.host.image_at(f.host.tip())));
    f.replica.stop();
    f.host.forget_reports();
    REQUIRE(f.replica.run_until_durable());
    CHECK(f.host.snapshots_opened() == 0);
  }
}

TEST_CASE("engine: encrypted objects are opened with a key only, and a start goes on where it was", "[engine]") {
  Fixture f({{"compression", std::string("none")},
             {"age-recipients", Texts{kRecipient}},
             {"age-identities", Texts{kIdentity}}});
  REQUIRE(f.replica.run_until_durable());
  f.next_index();
  REQUIRE(f.host.wait_until_durable(f.insert()));
  CHECK_FALSE(is_legible(*f.bucket));
  CHECK((f.replica.restore(f.generation()) == f.host.image_at(f.host.tip())));
  f.replica.stop();
  f.host.forget_reports();
  f.insert();
  REQUIRE(f.replica.run_until_durable());
  CHECK(f.host.snapshots_opened() == 0);
  CHECK((f.replica.restore(f.generation()) == f.host.image_at(f.host.tip())));

  FakeHost stranger({{"age-recipients", Texts{kRecipient}}, {"age-identities", Texts{kOtherIdentity}}});
  StoreReplica reader(stranger, Fixture::make_store(f.bucket, true));
  CHECK_THROWS_WITH(reader.restore(f.generation()), Catch::Contains("identit"));
}

TEST_CASE("engine: without a secret key a start takes a new snapshot, and loses nothing before it is there",
          "[engine]") {
  bool was_complete = false;
  Fixture f({{"age-recipients", Texts{kRecipient}}});
  REQUIRE(f.replica.run_until_durable());
  f.replica.stop();
  const auto before = f.bucket->keys();
  f.bucket->fate = [&](const Bucket::Call& call) {
    if (call.key.find("/snapshots/") != std::string::npos) was_complete = f.bucket->keys() == before;
    return Bucket::Fate::ok;
  };
  f.insert();
  f.host.forget_reports();
  REQUIRE(f.replica.run_until_durable());
  CHECK(was_complete);
  CHECK(f.host.snapshots_opened() == 1);
  f.replica.stop();
  f.bucket->fate = nullptr;

  // Somebody with the key restores it.
  FakeHost other({{"age-recipients", Texts{kRecipient}}, {"age-identities", Texts{kIdentity}}});
  StoreReplica reader(other, Fixture::make_store(f.bucket, true));
  CHECK((reader.restore(f.generation()) == f.host.image_at(f.host.tip())));
}
