#include "isolation/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "base/error.hpp"
#include "db/snapshot_source.hpp"
#include "os/shared_flag.hpp"
#include "support/temp_dir.hpp"
#include "support/world.hpp"

using namespace lshost;
using namespace lshost::isolation;

namespace {

struct Ends {
  Ends() {
    auto [a, b] = Channel::make_pair();
    host = std::make_unique<Channel>(std::move(a), Channel::Descriptors::refused);
    child = std::make_unique<Channel>(std::move(b), Channel::Descriptors::taken);
  }
  std::unique_ptr<Channel> host;
  std::unique_ptr<Channel> child;
};

Message received(Channel& channel) {
  auto got = channel.receive(/*wait=*/true);
  REQUIRE(std::holds_alternative<Message>(got));
  return std::move(std::get<Message>(got));
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace

TEST_CASE("Channel: messages of any size arrive whole and in order", "[isolation]") {
  Ends ends;
  Bytes large(5'000'001);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i * 7);
  std::jthread sender([&] {
    ends.host->send(Kind::list, 1, {});
    ends.host->send(Kind::create, 2, large);
    ends.host->send(Kind::stop, 3, ByteSpan(large).first(MessageAssembler::kPacketBodyMax));
  });
  CHECK(received(*ends.child).id == 1);
  const Message message = received(*ends.child);
  CHECK(message.kind == Kind::create);
  CHECK(message.body == large);
  CHECK(received(*ends.child).body.size() == MessageAssembler::kPacketBodyMax);
  CHECK(std::holds_alternative<Channel::Nothing>(ends.child->receive(/*wait=*/false)));
}

TEST_CASE("Channel: descriptors go to the child, and never come from it", "[isolation]") {
  Ends ends;
  const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const int fd = file.get();
  ends.host->send(Kind::wal, 1, {}, std::span(&fd, 1));
  const Message message = received(*ends.child);
  REQUIRE(message.descriptors.size() == 1);
  CHECK((::fcntl(message.descriptors[0].get(), F_GETFD) & FD_CLOEXEC) != 0);

  // Closed here, a descriptor of the database would drop the host's locks: so it never gets here.
  const auto before = open_descriptors();
  ends.child->send(Kind::reply, 1, {}, std::span(&fd, 1));
  CHECK(received(*ends.host).descriptors.empty());
  CHECK(open_descriptors() == before);
}

TEST_CASE("Channel: the end of the other side is the end", "[isolation]") {
  Ends ends;
  ends.child->send(Kind::log, 0, {});
  ends.child.reset();
  CHECK(received(*ends.host).kind == Kind::log);  // what it said last is heard
  CHECK(std::holds_alternative<Channel::Closed>(ends.host->receive(/*wait=*/true)));
  CHECK_THROWS_AS(ends.host->send(Kind::start, 1, {}), Error);
}

TEST_CASE("Channel: who does not read is not waited for", "[isolation]") {
  Ends ends;
  const Bytes body(1000);
  std::size_t sent = 0;
  while (ends.host->try_send(Kind::tip, 0, body, {})) ++sent;
  CHECK(sent > 10);
  ends.host->set_send_limit(std::chrono::milliseconds(20));
  CHECK_THROWS_AS(ends.host->send(Kind::start, 1, body), Error);
  CHECK_THROWS_AS((void)ends.host->try_send(Kind::tip, 0, body, {}), Error);  // half of one may have gone
}

TEST_CASE("Channel: a packet that is too long is refused", "[isolation]") {
  auto [a, b] = Channel::make_pair();
  Channel host(std::move(a), Channel::Descriptors::refused);
  const Bytes packet(MessageAssembler::kHeaderSize + MessageAssembler::kPacketBodyMax + 1);
  REQUIRE(::send(b.get(), packet.data(), packet.size(), 0) > 0);
  CHECK_THROWS_AS((void)host.receive(/*wait=*/true), Error);
}

TEST_CASE("SharedFlag: what one side sets the other sees, and neither can cut it off", "[isolation][os]") {
  os::SharedFlag ours;
  os::SharedFlag theirs{UniqueFd(::fcntl(ours.descriptor(), F_DUPFD_CLOEXEC, 0))};
  CHECK_FALSE(theirs.is_set());
  CHECK(::ftruncate(theirs.descriptor(), 0) != 0);
  ours.set();
  CHECK(theirs.is_set());
  CHECK(ours.is_set());
}

TEST_CASE("LentPages: what is read after the image was taken back is void, also in the middle of it",
          "[isolation][db]") {
  const test::TempDir folder;
  test::write_text(folder / "db", std::string(4096, 'a'));
  os::SharedFlag revoked;
  UniqueFd file(::open((folder / "db").c_str(), O_RDONLY | O_CLOEXEC));
  db::LentPages pages(os::adopt_readable(std::move(file), "db"),
                      os::SharedFlag{UniqueFd(::fcntl(revoked.descriptor(), F_DUPFD_CLOEXEC, 0))});
  Bytes page(8192, std::byte{1});
  pages.read(0, page);
  CHECK(page[4095] == std::byte{'a'});
  CHECK(page[4096] == std::byte{0});  // behind the end of the file: pages that were never written
  CHECK_FALSE(pages.is_revoked());
  revoked.set();  // and only then may the file change
  test::write_text(folder / "db", std::string(4096, 'b'));
  CHECK(pages.is_revoked());
  CHECK_THROWS_AS(pages.read(0, page), Error);
}
