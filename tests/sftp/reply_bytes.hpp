#pragma once
// What an SFTP server sends, put together by hand: right, or wrong on purpose.

#include <cstdint>
#include <string>

namespace lshost::test {

inline std::string be32(std::uint32_t value) {
  std::string bytes(4, '\0');
  for (std::size_t i = 4; i-- > 0; value >>= 8U) bytes[i] = static_cast<char>(value & 0xFFU);
  return bytes;
}
inline std::string be64(std::uint64_t value) {
  return be32(static_cast<std::uint32_t>(value >> 32U)) + be32(static_cast<std::uint32_t>(value));
}
inline std::string text_bytes(const std::string& text) { return be32(static_cast<std::uint32_t>(text.size())) + text; }
inline std::string pair_bytes(const std::string& name, const std::string& value) {
  return text_bytes(name) + text_bytes(value);
}

/// `body` begins with the id, where there is one.
inline std::string packet_bytes(unsigned type, const std::string& body) {
  return be32(static_cast<std::uint32_t>(body.size() + 1)) + static_cast<char>(type) + body;
}
inline std::string version_bytes(const std::string& extensions = {}) { return packet_bytes(2, be32(3) + extensions); }
inline std::string status_bytes(std::uint32_t id, std::uint32_t code, const std::string& message) {
  return packet_bytes(101, be32(id) + be32(code) + text_bytes(message) + text_bytes("en"));
}
inline std::string handle_bytes(std::uint32_t id, const std::string& handle) {
  return packet_bytes(102, be32(id) + text_bytes(handle));
}
inline std::string data_bytes(std::uint32_t id, const std::string& data) {
  return packet_bytes(103, be32(id) + text_bytes(data));
}
/// An entry of a listing: size, owner, permissions and times.
inline std::string name_bytes(const std::string& name, std::uint32_t permissions, std::uint64_t size) {
  return text_bytes(name) + text_bytes("-rw------- " + name) + be32(0xF) + be64(size) + be64(0) + be32(permissions) +
         be64(0);
}

}  // namespace lshost::test
