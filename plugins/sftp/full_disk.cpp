#include "full_disk.hpp"

#include "names.hpp"

namespace lshost::sftp {
namespace {

std::optional<Space> space_at(Client& client, const std::string& folder) {
  const Reply reply = client.call([&](RequestId id) { return extended_packet(id, kStatvfs, folder); });
  if (reply.type == PacketType::status) return std::nullopt;
  return parse_space(reply);
}

}  // namespace

std::exception_ptr explained(Client& client, const Refused& refused, std::string folder) {
  constexpr std::uint32_t kMend = LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR;
  auto as_it_is = std::make_exception_ptr(refused);
  if (refused.status() != StatusCode::failure || !client.extensions().statvfs || !client.is_usable()) return as_it_is;
  try {
    auto space = space_at(client, folder);
    while (!space && folder != "/" && folder != ".") space = space_at(client, folder = parent_of(folder));
    if (!space) return as_it_is;
    const std::string what = refused.what();
    const std::string head = what.substr(0, what.rfind(": ") + 2);  // all but the words of a failure without a reason
    if (space->is_full()) {
      return std::make_exception_ptr(
          Error(LSHOST_E_NO_SPACE, head + "the disk of " + folder + " is full; make room there, or shorten retention",
                kMend));
    }
    if (space->is_read_only) {
      return std::make_exception_ptr(
          Error(LSHOST_E_DENIED, head + "the file system of " + folder + " is mounted read-only", kMend));
    }
  } catch (const Error&) {
    // The first answer is what counts.
  }
  return as_it_is;
}

}  // namespace lshost::sftp
