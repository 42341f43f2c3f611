// What an SFTP server sends.
//
// Input: the size of pieces, the bytes.
// Holds: it does not matter how they are cut; every reply is read or refused; what is read lies in the reply; a name
// that is taken as a key leads nowhere else.

#include "sftp/packet.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "fuzz/target.hpp"
#include "sftp/address.hpp"
#include "sftp/names.hpp"

namespace lshost::fuzz {
namespace {

using sftp::BadReply;
using sftp::Reply;

struct Replies {
  std::vector<Reply> all;
  bool is_refused = false;
};

Replies read(ByteSpan bytes, std::size_t piece_size) {
  Replies replies;
  sftp::PacketReader reader;
  try {
    for (std::size_t at = 0; at < bytes.size(); at += piece_size) {
      reader.feed(bytes.subspan(at, std::min(piece_size, bytes.size() - at)));
      while (auto reply = reader.next()) replies.all.push_back(std::move(*reply));
    }
  } catch (const BadReply&) {
    replies.is_refused = true;
  }
  return replies;
}

template <class Parse>
void unless_refused(Parse parse) {
  try {
    parse();
  } catch (const BadReply& error) {
    expect(*error.what() != '\0', "a refusal has a sentence");
  }
}

void check_name(const std::string& name) {
  expect(!name.empty() && name.find('\0') == std::string::npos, "a name can be one of a file");
  if (!sftp::is_key(name)) return;
  expect(name != "." && name != ".." && name.find("/../") == std::string::npos && !name.starts_with("../") &&
             !name.ends_with("/..") && !name.starts_with('/'),
         "a key leads nowhere else");
  const auto temporary = sftp::temporary_path(name, name.size());
  expect(sftp::is_temporary(sftp::last_of(temporary)), "a file that is written is known as one");
  expect(!sftp::is_key(temporary), "and is no key");
}

void check_reply(const Reply& reply) {
  unless_refused([&] { (void)sftp::parse_version(reply); });
  unless_refused([&] {
    for (const char c : sftp::parse_status(reply).message)
      expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "the server's words do no harm to a terminal");
  });
  unless_refused([&] { expect(sftp::parse_handle(reply).size() <= sftp::kHandleSizeMax, "a handle is short"); });
  unless_refused([&] {
    const auto data = sftp::parse_data(reply, 1000);
    expect(!data.empty() && data.size() <= 1000, "a read has what was asked for");
    expect(data.data() >= reply.body.data() && data.data() + data.size() <= reply.body.data() + reply.body.size(),
           "which lies in the reply");
  });
  unless_refused([&] {
    const MemoryPeak peak;
    for (const auto& entry : sftp::parse_names(reply)) check_name(entry.name);
    expect(peak.bytes() <= 32 * reply.body.size() + 4096, "names take no more memory than the reply can fill");
  });
  unless_refused([&] { (void)sftp::parse_attributes(reply).is_regular(); });
  unless_refused([&] { (void)sftp::parse_space(reply).is_full(); });
}

void check_text(const std::string& text) {
  check_name(text.empty() || text.find('\0') != std::string::npos ? "x" : text);
  try {
    const auto address = sftp::parse_address(text);
    expect(sftp::parse_address(address.text()) == address, "an address goes through its text");
  } catch (const Error& error) {
    expect(error.Code() == LSHOST_E_CONFIG, "an address is wrong");
  }
}

}  // namespace

void fuzz_sftp_packet(ByteSpan input) {
  Input in(input);
  const std::size_t piece_size = std::size_t{in.byte()} + 1;
  const auto whole = read(in.rest(), SIZE_MAX / 2);
  const auto pieces = read(in.rest(), piece_size);
  expect(whole.is_refused == pieces.is_refused && whole.all.size() == pieces.all.size(),
         "it does not matter how packets are cut");
  for (std::size_t i = 0; i < whole.all.size(); ++i) {
    expect(whole.all[i].body == pieces.all[i].body && whole.all[i].id == pieces.all[i].id, "nor what is in them");
    check_reply(whole.all[i]);
  }
  check_text(std::string(in.text()));
}

}  // namespace lshost::fuzz
