#include "same_content.hpp"

#include <algorithm>

#include "download.hpp"

namespace lshost::sftp {
namespace {

/// Compares what the two have given and not yet compared; false: they differ.
bool drop_equal_front(Bytes& one, Bytes& other) {
  const std::size_t size = std::min(one.size(), other.size());
  const auto middle = static_cast<std::ptrdiff_t>(size);
  if (!std::equal(one.begin(), one.begin() + middle, other.begin())) return false;
  one.erase(one.begin(), one.begin() + middle);
  other.erase(other.begin(), other.begin() + middle);
  return true;
}

}  // namespace

bool have_same_content(Client& client, const std::string& one, const std::string& other) {
  const auto first_facts = client.facts(one);
  const auto second_facts = client.facts(other);
  if (!first_facts || !second_facts || !first_facts->size_bytes ||
      first_facts->size_bytes != second_facts->size_bytes) {
    return false;
  }
  const std::uint64_t size = *first_facts->size_bytes;
  ReadAhead first(client, client.open_for_reading(one), one, 0, size);
  ReadAhead second(client, client.open_for_reading(other), other, 0, size);
  Bytes a;
  Bytes b;
  for (;;) {
    if (a.empty()) a = first.next();
    if (b.empty()) b = second.next();
    if (a.empty() || b.empty()) return a.empty() && b.empty();
    if (!drop_equal_front(a, b)) return false;
  }
}

}  // namespace lshost::sftp
