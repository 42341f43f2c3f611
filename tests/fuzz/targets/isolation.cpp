// What a plugin's process sends to the host. The plugin may be broken or hostile; the host has to live on.
//
// Input: which message (255: packets, each with two bytes of size in front), its bytes.
// Holds: every message has one form; no message takes much more memory than its bytes; packets are put together to what
// they have, or refused.

#include "isolation/messages.hpp"

#include "fuzz/target.hpp"
#include "isolation/channel.hpp"

namespace lshost::fuzz {
namespace {

using namespace isolation;

/// The worst is a list of empty texts: 32 bytes for 4.
constexpr std::size_t kMemoryFactorMax = 24;

template <class T>
void check(ByteSpan bytes) {
  const MemoryPeak peak;
  try {
    const auto value = decode<T>(bytes);
    const auto again = encode(value);
    // A sentence of an Error ends at its first NUL, if somebody sends one.
    constexpr bool has_error =
        std::is_same_v<T, Reply> || std::is_same_v<T, WalAnswer> || std::is_same_v<T, ImageAnswer>;
    expect(std::ranges::equal(again, bytes) || has_error, "a message has one form");
    expect(encode(decode<T>(again)) == again, "and goes through it");
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::corrupt, "a message that can not be is corrupt");
  }
  expect(peak.bytes() <= kMemoryFactorMax * bytes.size() + 16384, "a message takes no more memory than it can fill");
}

void check_packets(Input in) {
  MessageAssembler assembler;
  std::size_t size = 0;
  try {
    while (!in.rest().empty()) {
      const auto packet = in.part(in.number());
      size += packet.size();
      if (const auto message = assembler.add(packet, {})) {
        expect(message->kind <= kLastKind, "a message is of a kind that is known");
        expect(message->body.size() <= size, "and has what came");
        size = 0;
      }
    }
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::corrupt, "packets that can not be are corrupt");
  }
}

using Check = void (*)(ByteSpan);
constexpr std::array<Check, 21> kChecks = {
    check<Create>,
    check<Created>,
    check<Describe>,
    check<Described>,
    check<StopRequest>,
    check<Standing>,
    check<ListRequest>,
    check<ProbeRequest>,
    check<replica::Item>,
    check<std::vector<replica::Item>>,
    check<std::vector<replica::CommitTime>>,
    check<Tip>,
    check<WalAnswer>,
    check<ImageAnswer>,
    check<Reply>,
    check<db::Position>,
    check<SnapshotStored>,
    check<StateReport>,
    check<plugin::Failure>,
    check<MetricReport>,
    check<LogLine>,
};

}  // namespace

void fuzz_isolation(ByteSpan input) {
  Input in(input);
  const std::size_t which = in.byte();
  if (which == 255) return check_packets(in);
  kChecks.at(which % kChecks.size())(in.rest());
}

}  // namespace lshost::fuzz
